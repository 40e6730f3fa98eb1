"""The errors of the tracker and of the sweeps; every message has the value, the place, the remedy.

TrackerError            anything a user can mend; commands print it as one line and exit with 1
├── StoreError          a store that cannot be opened, read or written
│   └── UnknownRunError  a run that the store does not hold
├── QuestionsError      a question file that says something impossible
├── LayoutError         a layout of Omniboard's table that says something impossible
├── SettingsFileError   a settings file that cannot be used
├── LaunchError         a run that cannot be started
└── LogError            a log that is not there, or on another machine
"""

from __future__ import annotations


class TrackerError(Exception):
    """Anything a user can mend."""


class StoreError(TrackerError):
    """A store that cannot be opened, read or written."""


class UnknownRunError(StoreError):
    """A run that the store does not hold."""


class QuestionsError(TrackerError):
    """A question file that says something impossible; the message starts with file and line."""


class LayoutError(TrackerError):
    """A layout of Omniboard's table that says something impossible; the message starts with file and line."""


class SettingsFileError(TrackerError):
    """A settings file that cannot be used."""


class LaunchError(TrackerError):
    """A run that cannot be started."""


class LogError(TrackerError):
    """A log that is not there, or on another machine."""
