"""Artifacts, sources and resources are kept, and what cannot be kept costs itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journal.told import record_of
from tracker.errors import StoreError
from tracker.journal.reader import read_points
from tracker.journal.writer import RunJournal

Begin = Callable[..., RunJournal]


def test_artifacts_are_copied_and_never_over_the_runs_own_files(begin: Begin, tmp_path: Path) -> None:
    journal = begin()
    for name in ("model.pt", "Run.json", "plots/a.png", "plots_a.png", ".hidden", ""):
        (tmp_path / "source").write_text(name)
        journal.add_artifact(name, tmp_path / "source", "text/plain", {"epoch": 3})
    (tmp_path / "source").write_text("better")
    journal.add_artifact("model.pt", tmp_path / "source")
    artifacts = record_of(journal).document["artifacts"]
    files = {one["name"]: one["file"] for one in artifacts}
    assert files == {
        "Run.json": "artifact_Run.json",
        "plots/a.png": "plots_a.png",
        "plots_a.png": "artifact_plots_a.png",
        ".hidden": "artifact_.hidden",
        "": "artifact_",
        "model.pt": "model.pt",
    }
    assert (journal.folder / "model.pt").read_text() == "better"
    assert (journal.folder / "plots_a.png").read_text() == "plots/a.png"
    assert artifacts[0]["metadata"] == {"epoch": 3}
    assert (artifacts[-1]["size"], len(artifacts[-1]["sha256"])) == (6, 64)
    assert not [file for file in journal.folder.iterdir() if file.name.startswith(".")]


def test_a_large_artifact_does_not_hold_up_what_else_is_told(begin: Begin, tmp_path: Path) -> None:
    journal = begin()
    os.mkfifo(tmp_path / "slow")
    keeping = threading.Thread(target=journal.add_artifact, args=("slow", tmp_path / "slow"))
    keeping.start()
    with (tmp_path / "slow").open("wb") as pipe:  # which somebody reads now, up to its end
        journal.add_points("loss", [0], [0.5], [10**15])
        journal.flush()
        assert read_points(journal.folder, "loss").values == [0.5]
        pipe.write(b"whole")
    keeping.join()
    assert (journal.folder / "slow").read_bytes() == b"whole"


@pytest.mark.parametrize("name", ["missing", "n" * 300])
def test_an_artifact_that_cannot_be_kept_costs_itself(begin: Begin, tmp_path: Path, name: str) -> None:
    journal = begin()
    source = tmp_path / name if name == "missing" else Path(__file__)
    with pytest.raises(StoreError, match=rf"Artifact '{name}' of run 1 cannot be kept \(.+\): give a file"):
        journal.add_artifact(name, source)
    with pytest.raises(StoreError, match=r"Resource '.+missing' of run 1 cannot be kept"):
        journal.add_resource(tmp_path / "missing")
    journal.add_points("loss", [0], [0.5], [10**15])
    assert record_of(journal).document["artifacts"] == []
    assert read_points(journal.folder, "loss").values == [0.5]


def test_sources_and_resources_are_kept_once_by_their_content(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("layers = 1")
    for _ in range(2):
        journal = begin()
        journal.note_sources([("lib/net.py", tmp_path / "net.py"), ("gone.py", tmp_path / "gone.py")])
        journal.note_sources([("again.py", tmp_path / "net.py")])
        journal.add_resource(tmp_path / "net.py")
        journal.add_resource(tmp_path / "net.py")
    document = record_of(journal).document
    (source,) = (tmp_path / "runs" / "_sources").iterdir()
    (resource,) = (tmp_path / "runs" / "_resources").iterdir()
    kept = f"_sources/{source.name}"
    assert document["experiment"]["sources"] == [["again.py", kept], ["lib/net.py", kept]]
    assert document["resources"] == [[str(tmp_path / "net.py"), f"_resources/{resource.name}"]]
    assert source.name.startswith("net_")
    assert source.read_text() == "layers = 1"
    (left_out,) = document["info"]["tracker"]["left_out"]
    assert left_out == "source gone.py is not kept (No such file or directory)"
