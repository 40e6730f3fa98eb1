"""Where runs are kept, when nobody says so on the command line."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tracker.errors import SettingsFileError

STORE_VARIABLE = "TRACKER_STORE"
SETTINGS_FILE = "tracker.toml"
DEFAULT_STORE = "runs"


def store_address(
    given: str | None = None, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """The store's address: as given, else $TRACKER_STORE, else `store` in tracker.toml, else "runs".

    A MongoDB address holds a password; it belongs into the variable or the file, never into an option of a
    run, because Sacred writes the options of a run into its record.
    """
    environ = os.environ if environ is None else environ
    address = (
        given
        or environ.get(STORE_VARIABLE)
        or _from_file((folder or Path()) / SETTINGS_FILE)
        or DEFAULT_STORE
    )
    return str(Path(address).expanduser()) if address.startswith("~") else address


def _from_file(path: Path) -> str | None:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsFileError(f"{path}: cannot be read as TOML: {error}") from error
    unknown = sorted(set(settings) - {"store"})
    if unknown:
        raise SettingsFileError(f"{path}: unknown setting '{unknown[0]}'; the only one is store")
    store = settings.get("store")
    if not isinstance(store, str | None) or store == "":
        raise SettingsFileError(f'{path}: store={store!r} must be text, such as store = "runs"')
    return store
