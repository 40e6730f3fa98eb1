"""Decoded images are kept once, whole, for every program that wants them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.training.data import DataError
from experiments.training.data.cache import cached
from experiments.training.data.dataset import Decoded, Report, Source

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), np.uint8)
LABELS = np.arange(9, dtype=np.int64) % 3


def _silence(what: str, done: int, total: int) -> None:
    pass


def _decode(report: Report) -> Decoded:
    return Decoded(("a", "b", "c"), IMAGES, LABELS, training=6)


def _never(report: Report) -> Decoded:
    raise AssertionError("decoded although the cache has it")


def _source(decode: Callable[[Report], Decoded] = _decode) -> Source:
    return Source("some", "some-1", "made here", decode)


def _decode_together(folder: Path, start: Any, done: Any) -> None:
    """Decode when all are ready, and send what came out."""

    def decode(report: Report) -> Decoded:
        start.wait(30)  # nobody has the cache yet
        return _decode(report)

    decoded, content = cached(_source(decode), folder, _silence)
    done.put((bytes(decoded.images.tobytes()), content))


def test_what_is_kept_is_what_was_decoded(tmp_path: Path) -> None:
    _, content = cached(_source(), tmp_path, _silence)
    kept, again = cached(_source(_never), tmp_path, _silence)
    assert np.array_equal(kept.images, IMAGES)
    assert np.array_equal(kept.labels, LABELS)
    assert (kept.classes, kept.training, again) == (("a", "b", "c"), 6, content)


def test_images_are_memory_mapped(tmp_path: Path) -> None:
    kept, _ = cached(_source(), tmp_path, _silence)
    assert isinstance(kept.train.images, np.memmap)
    assert not kept.images.flags.writeable


def test_a_finished_cache_leaves_nothing_else_behind(tmp_path: Path) -> None:
    cached(_source(), tmp_path, _silence)
    assert [file.name for file in tmp_path.iterdir()] == ["some-1"]


@pytest.mark.parametrize("file", ["images.npy", "labels.npy", "about.json"])
@pytest.mark.parametrize("length", [0, 5, 130, -1, None])
def test_a_damaged_cache_is_made_again(file: str, length: int | None, tmp_path: Path) -> None:
    cached(_source(), tmp_path, _silence)
    damaged = tmp_path / "some-1" / file
    if length is None:
        damaged.unlink()
    else:
        damaged.write_bytes(damaged.read_bytes()[:length])
    kept, _ = cached(_source(), tmp_path, _silence)
    assert np.array_equal(kept.images, IMAGES)
    assert np.array_equal(kept.labels, LABELS)
    cached(_source(_never), tmp_path, _silence)
    assert [place.name for place in tmp_path.iterdir()] == ["some-1"]


def test_a_failed_decoding_leaves_no_cache(tmp_path: Path) -> None:
    def fail(report: Report) -> Decoded:
        raise DataError("torn")

    with pytest.raises(DataError, match="torn"):
        cached(_source(fail), tmp_path, _silence)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damaged", [False, True], ids=["absent", "damaged"])
def test_programs_may_make_the_same_cache_at_once(damaged: bool, tmp_path: Path) -> None:
    if damaged:
        cached(_source(), tmp_path, _silence)
        (tmp_path / "some-1" / "images.npy").write_bytes(b"torn")
    fork = multiprocessing.get_context("spawn")
    start, done = fork.Barrier(3), fork.Queue()
    programs = [fork.Process(target=_decode_together, args=(tmp_path, start, done)) for _ in range(3)]
    for program in programs:
        program.start()
    results = {done.get(timeout=60) for _ in programs}
    for program in programs:
        program.join()
    assert len(results) == 1
    assert results.pop()[0] == IMAGES.tobytes()
    assert [place.name for place in tmp_path.iterdir()] == ["some-1"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"file/cache/some-1.*set data_dir"):
        cached(_source(_never), tmp_path / "file" / "cache", _silence)
