"""Code, sources and machine of a run, in whatever state they are."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tracker.recording import code, machine
from tracker.recording.code import LARGEST_DIFF, read_code
from tracker.recording.credentials import Mask
from tracker.recording.machine import distributions, graphics_cards, read_cards
from tracker.recording.sources import imported_sources, without_credentials


def git(folder: Path, *words: str) -> str:
    own = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run([*own, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With one commit of one file on the branch `trunk`."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk")
    (folder / "mine.py").write_text("first\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "One")
    return folder


def test_a_clean_repository_is_told_by_commit_and_branch(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://me:secret@example.org/x.git")

    found = read_code(repository, repository / "runs")

    commit = git(repository, "rev-parse", "HEAD")
    assert found.facts == {"commit": commit, "branch": "trunk", "dirty": False}
    assert found.repositories == [
        {"url": "https://me:secret@example.org/x.git", "commit": commit, "dirty": False}
    ]
    assert found.diff == b""


def test_changes_are_kept_as_a_diff_and_new_files_by_name(repository: Path) -> None:
    (repository / "mine.py").write_text("second\n")
    (repository / "söurce.py").write_text("")
    (repository / "runs").mkdir()
    (repository / "runs/1").touch()

    found = read_code(repository, repository / "runs")

    assert found.facts["dirty"] is True
    assert found.facts["untracked"] == ["söurce.py"]  # the runs themselves are no code
    assert b"-first\n+second\n" in found.diff


def test_a_diff_that_is_too_large_is_cut_and_says_so(repository: Path) -> None:
    (repository / "mine.py").write_text("line\n" * LARGEST_DIFF)

    found = read_code(repository, repository)

    assert len(found.diff) == LARGEST_DIFF
    assert "the first" in found.facts["diff"]


def test_nothing_of_the_repository_is_run(repository: Path) -> None:
    ran = repository / "ran"
    for name in ("diff.external", "core.fsmonitor", "diff.trick.textconv"):
        git(repository, "config", name, f"touch {ran};")
    (repository / ".gitattributes").write_text("* diff=trick\n")
    (repository / "mine.py").write_text("second\n")

    assert read_code(repository, repository).diff
    assert not ran.exists()


def test_a_repository_without_commits_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    facts = read_code(tmp_path, tmp_path).facts

    assert facts["unknown"] == "the repository has no commit yet"
    assert "commit" not in facts


def test_no_repository_says_so(tmp_path: Path) -> None:
    assert "not a git repository" in read_code(tmp_path, tmp_path).facts["unknown"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_another_user_is_read(repository: Path) -> None:
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 12345, 12345)

    assert read_code(repository, repository).facts["branch"] == "trunk"


def test_a_missing_git_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))

    assert read_code(repository, repository).facts == {"unknown": "git is not installed"}


def test_a_git_that_hangs_is_not_waited_for(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(repository, "git", "exec sleep 60", monkeypatch)
    monkeypatch.setattr(code, "PATIENCE", 0.2)

    assert "did not answer" in read_code(repository, repository).facts["unknown"]


# ---------------------------------------------------------------------------------------------------
# Sources


def test_every_module_below_the_root_is_a_source_also_those_that_modules_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "grove_package"
    (package / "site-packages").mkdir(parents=True)
    (package / "__init__.py").write_text("from grove_package import outer")
    (package / "outer.py").write_text("from grove_package import inner")
    (package / "inner.py").touch()
    (package / "not_imported.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    __import__("grove_package")
    try:
        found = imported_sources(tmp_path, package, [str(package / "not_imported.py")])
    finally:
        for name in set(sys.modules) - before:
            del sys.modules[name]

    assert [name for name, _ in found] == ["__init__.py", "inner.py", "not_imported.py", "outer.py"]


def test_installed_packages_are_no_sources_although_their_environment_is_in_the_repository() -> None:
    names = [str(path) for _, path in imported_sources(Path("/"), Path("/"))]

    assert str(Path(machine.__file__).resolve()) in names
    assert not [
        name for name in names if "site-packages" in name or name.startswith(sys.base_prefix + "/lib/")
    ]


def test_a_source_with_a_password_is_kept_without_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x = 'mongodb://me:secret@host/db' # \xff")
    (tmp_path / "b.py").write_text("plain")
    (tmp_path / "copies").mkdir()

    files = [("a.py", tmp_path / "a.py"), ("b.py", tmp_path / "b.py"), ("gone.py", tmp_path / "gone.py")]
    (_, a), *others = without_credentials(files, Mask(), tmp_path / "copies")

    assert a.name == "a.py"
    assert a.read_bytes() == b"x = 'mongodb://***@host/db' # \xff"
    assert others == files[1:]


# ---------------------------------------------------------------------------------------------------
# The machine


def test_every_distribution_is_listed_also_those_that_sacred_misses() -> None:
    found = dict(line.split("==") for line in distributions())

    assert {"pandas", "pymongo", "sacred", "sacred-grove", "pyyaml"} <= set(found)


def test_old_and_broken_distributions_do_no_harm(tmp_path: Path) -> None:
    for name in ("Some_Thing-1.0.dist-info", "old-2.0-py3.11.egg-info", "some.thing-9.dist-info"):
        (tmp_path / name).mkdir()
    (tmp_path / "here.egg-info").mkdir()
    (tmp_path / "here.egg-info/PKG-INFO").write_text("Name: here\nVersion: 3.0\n")
    (tmp_path / "broken.egg-info").mkdir()
    (tmp_path / "notes.txt").touch()

    found = distributions([str(tmp_path / "absent"), str(tmp_path)])

    assert {"old==2.0", "here==3.0", "broken==unknown"} < set(found)
    assert len(found) == 4


CARDS = "580.1, 81559, Enabled, NVIDIA H100, 80GB\n580.1, [N/A], [N/A], NVIDIA GB10\n"


def test_cards_are_told_in_sacreds_shape_with_what_is_unknown_as_none() -> None:
    assert read_cards(CARDS) == {
        "driver_version": "580.1",
        "gpus": [
            {"model": "NVIDIA H100, 80GB", "total_memory": 81559, "persistence_mode": True},
            {"model": "NVIDIA GB10", "total_memory": None, "persistence_mode": None},
        ],
    }


@pytest.mark.parametrize("text", ["", "No devices were found\n", "\0garbage\n,,\n", "a,b,c,\n"])
def test_garbage_in_place_of_cards_is_no_answer(text: str) -> None:
    assert read_cards(text) is None


@pytest.mark.parametrize(
    "act", ["exit 9", "echo garbage", "kill -9 $$", "printf '\\377\\376'", "exec sleep 60"]
)
def test_an_nvidia_smi_in_any_state_does_no_harm(
    act: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, "nvidia-smi", act, monkeypatch)
    monkeypatch.setattr(machine, "PATIENCE", 0.2)
    before = time.monotonic()

    assert graphics_cards() is None
    assert time.monotonic() - before < 10


def test_the_cards_of_an_nvidia_smi_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, "nvidia-smi", f"printf '{CARDS}'", monkeypatch)

    cards = graphics_cards()

    assert cards is not None
    assert cards["gpus"][0]["model"] == "NVIDIA H100, 80GB"


def fake(folder: Path, name: str, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{act}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
