"""Where runs are kept, when nobody says so on the command line."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tracker.errors import SettingsFileError

STORE_VARIABLE = "TRACKER_STORE"
FOLDER_VARIABLE = "TRACKER_FOLDER"
QUESTIONS_VARIABLE = "TRACKER_QUESTIONS"  # names of the questions that a run is started for, with commas
CHECKPOINT_VARIABLE = "TRACKER_CHECKPOINT"  # the file in which a run keeps its state, to go on from there
LEASE_VARIABLE = "TRACKER_LEASE"  # the key of the lease that the process of a run is guarded by
SETTINGS_FILE = "tracker.toml"
DEFAULT_STORE = "runs"  # also the folder in which runs are written first when the store is a MongoDB

SETTINGS = ("store", "folder")  # the keys of the settings file


def store_address(
    given: str | None = None, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """The store's address: as given, else $TRACKER_STORE, else `store` in tracker.toml, else "runs".

    A MongoDB address holds a password; it belongs into the variable or the file, because a command line can
    be read by everybody on the machine while the run goes.
    """
    environ = os.environ if environ is None else environ
    return _expanded(
        given or environ.get(STORE_VARIABLE) or _from_file("store", folder or Path()) or DEFAULT_STORE
    )


def run_folder(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> str:
    """The folder in which runs are written first when the store is a MongoDB.

    $TRACKER_FOLDER, else `folder` in tracker.toml, else "runs".
    """
    environ = os.environ if environ is None else environ
    return _expanded(environ.get(FOLDER_VARIABLE) or _from_file("folder", folder or Path()) or DEFAULT_STORE)


def _expanded(place: str) -> str:
    return str(Path(place).expanduser()) if place.startswith("~") else place


def _from_file(setting: str, folder: Path) -> str | None:
    path = folder / SETTINGS_FILE
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsFileError(f"{path}: cannot be read as TOML: {error}") from error
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise SettingsFileError(f"{path}: unknown setting '{unknown[0]}'; there are {' and '.join(SETTINGS)}")
    value = settings.get(setting)
    if not isinstance(value, str | None) or value == "":
        raise SettingsFileError(
            f'{path}: {setting} must be text that is not empty, such as {setting} = "{DEFAULT_STORE}"'
        )
    return value
