"""The files of a run, brought into GridFS, as its document names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.journal.layout import OUTPUT
from tracker.journal.reader import Record
from tracker.mirror.files import FilesCopy

OUTPUT_MARK = {"tracker": "output"}  # in the metadata of the file that holds the whole output of a run


@dataclass(slots=True)
class RunFiles:
    """Sources, artifacts, resources; a file that is missing or cannot be read costs itself alone."""

    record: Record
    run_id: int
    files: FilesCopy
    left_out: list[str] = field(default_factory=list)

    def sources(self) -> list[list[Any]]:
        """[name, id] for each, the same for every run that has the same source."""
        experiment = self.record.document.get("experiment")
        listed = experiment.get("sources") if isinstance(experiment, Mapping) else None
        return [[name, id] for name, file in _pairs(listed) if (id := self._put("source", file, name))]

    def resources(self) -> list[list[str]]:
        """[path, id as text] for each."""
        listed = self.record.document.get("resources")
        found = [(path, self._put("resource", file, path)) for path, file in _pairs(listed)]
        return [[path, str(id)] for path, id in found if id]

    def artifacts(self, *, with_output: bool) -> list[dict[str, Any]]:
        """A name and an id for each; the whole output is one of them where the document has only its ends."""
        listed = [dict(told) for told in self.record.document.get("artifacts") or () if _is_file(told)]
        found = [{"name": told["name"], "file_id": self._artifact(told)} for told in listed]
        if with_output:
            name = f"artifact://runs/{self.run_id}/{OUTPUT}"
            id = self._put("artifact", OUTPUT, name, contentType="text/plain", metadata=OUTPUT_MARK)
            found.append({"name": OUTPUT, "file_id": id})
        return [told for told in found if told["file_id"]]

    def _artifact(self, told: Mapping[str, Any]) -> Any:
        name = f"artifact://runs/{self.run_id}/{told['name']}"
        more = {"contentType": told.get("content_type"), "metadata": told.get("metadata")}
        return self._put("artifact", told["file"], name, **more)

    def _put(self, kind: str, file: str, name: str, **more: Any) -> Any:
        try:
            return self.files.put(self._path(file), name, **more)
        except OSError as error:
            self.left_out.append(f"{kind} {file} cannot be read ({error.strerror})")
            return None

    def _path(self, file: str) -> Path:
        """Files are named as seen from the run's folder or from the store's."""
        inside = self.record.folder / file
        return inside if inside.is_file() else self.record.folder.parent / file


def _pairs(listed: Any) -> list[tuple[str, str]]:
    found = listed if isinstance(listed, list) else []
    pairs = [pair for pair in found if isinstance(pair, list | tuple) and len(pair) == 2]
    return [(str(name), str(file)) for name, file in pairs]


def _is_file(told: Any) -> bool:
    texts = isinstance(told, Mapping) and isinstance(told.get("name"), str)
    return texts and isinstance(told.get("file"), str)
