"""CIFAR-10 through torchvision, with a tiny archive in place of the published one."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from experiments.training.data import DataError, load_dataset
from experiments.training.settings import TrainSettings

TRAIN_NAMES = [f"data_batch_{number}" for number in range(1, 6)]
Publish = Callable[..., dict[str, bytes]]


def _batch(seed: int, labels: list[Any] | None = None, pixels: int = 3072) -> dict[str, Any]:
    labels = list(range(10)) * 2 if labels is None else labels
    data = np.random.default_rng(seed).integers(0, 256, (20, pixels), np.uint8)
    return {"data": data, "labels": labels}


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Publish:
    """publish(data_batch_2={...}) makes torchvision expect a tiny CIFAR-10, and gives its files."""

    def publish(**changes: dict[str, Any]) -> dict[str, bytes]:
        contents = {name: _batch(seed) for seed, name in enumerate([*TRAIN_NAMES, "test_batch"])}
        contents["batches.meta"] = {"label_names": [f"class {number}" for number in range(10)]}
        files = {name: pickle.dumps(content) for name, content in (contents | changes).items()}
        packed = BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(f"{CIFAR10.base_folder}/{name}")
                member.size = len(data)
                archive.addfile(member, BytesIO(data))
        md5 = {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
        monkeypatch.setattr(CIFAR10, "train_list", [[name, md5[name]] for name in TRAIN_NAMES])
        monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", md5["test_batch"]]])
        monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": md5["batches.meta"]})
        monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(packed.getvalue()).hexdigest())
        return {CIFAR10.filename: packed.getvalue()} | {
            f"{CIFAR10.base_folder}/{name}": data for name, data in files.items()
        }

    return publish


def _put(files: dict[str, bytes], folder: Path, *, unpacked: bool) -> None:
    for name, data in files.items():
        if unpacked == (name != CIFAR10.filename):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """serve(folder) is the address of a web server with the folder's files."""
    servers = []

    def start(folder: Path) -> str:
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _settings(folder: Path) -> TrainSettings:
    return TrainSettings(data="cifar10", data_dir=str(folder), validation=0.0)


@pytest.mark.parametrize("unpacked", [True, False], ids=["unpacked", "archive"])
def test_a_copy_that_is_there_is_read(unpacked: bool, publish: Publish, tmp_path: Path) -> None:
    _put(publish(), tmp_path, unpacked=unpacked)
    dataset = load_dataset(_settings(tmp_path))
    assert dataset.classes == tuple(f"class {number}" for number in range(10))
    wanted = np.concatenate([_batch(seed)["data"] for seed in range(5)]).reshape(-1, 3, 32, 32)
    assert np.array_equal(dataset.train.images, wanted.transpose(0, 2, 3, 1))
    assert dataset.train.labels.tolist() == list(range(10)) * 10
    assert len(dataset.test.labels) == 20


def test_the_archive_is_downloaded_when_absent(
    publish: Publish, serve: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(publish(), tmp_path / "server", unpacked=False)
    monkeypatch.setattr(CIFAR10, "url", f"{serve(tmp_path / 'server')}/{CIFAR10.filename}")
    heard: list[str] = []
    dataset = load_dataset(_settings(tmp_path / "data"), lambda what, _done, _total: heard.append(what))
    assert len(dataset.train.labels) == 100
    assert any("CIFAR-10" in what for what in heard)
    assert {place.name for place in (tmp_path / "data").iterdir()} == {CIFAR10.filename, "cache"}


def test_a_second_run_reads_the_cache_alone(publish: Publish, tmp_path: Path) -> None:
    files = publish()
    _put(files, tmp_path, unpacked=True)
    first = load_dataset(_settings(tmp_path))
    for name in files:
        (tmp_path / name).unlink(missing_ok=True)
    assert load_dataset(_settings(tmp_path)).split_hash == first.split_hash


def test_no_network_is_told_with_the_remedy(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")  # nothing listens there
    with pytest.raises(DataError, match=r"could not be fetched from .*127\.0\.0\.1.*data=synthetic"):
        load_dataset(_settings(tmp_path))
    assert not list(tmp_path.glob(".cifar10-*"))


def test_a_download_with_another_checksum_is_refused(
    publish: Publish, serve: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(publish(), tmp_path / "server", unpacked=False)
    monkeypatch.setattr(CIFAR10, "url", f"{serve(tmp_path / 'server')}/{CIFAR10.filename}")
    monkeypatch.setattr(CIFAR10, "tgz_md5", "0" * 32)
    with pytest.raises(DataError, match=r"could not be fetched.*corrupted"):
        load_dataset(_settings(tmp_path / "data"))
    assert not (tmp_path / "data" / CIFAR10.filename).exists()


@pytest.mark.parametrize("name", [CIFAR10.filename, "data_batch_3", "test_batch", "batches.meta"])
def test_a_damaged_copy_is_named(name: str, publish: Publish, tmp_path: Path) -> None:
    _put(publish(), tmp_path, unpacked=name != CIFAR10.filename)
    file = next(tmp_path.rglob(name))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=rf"{name}' is damaged: its md5 is not"):
        load_dataset(_settings(tmp_path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_batch_1": _batch(0, labels=[*range(10), *range(1, 11)])}, "label 10, outside 0..9"),
        ({"data_batch_1": _batch(0, labels=[-1] * 20)}, "label -1, outside"),
        ({"test_batch": _batch(0, labels=[*range(9), 0] * 2)}, "no test image with label 9 .'class 9'"),
        ({"data_batch_1": _batch(0, labels=[*range(10)])}, "110 labels for 120 images"),
        ({"data_batch_1": _batch(0, labels=[None] * 20)}, "not laid out as CIFAR-10"),
        ({"data_batch_1": {"data": _batch(0)["data"]}}, "not laid out as CIFAR-10: KeyError"),
        ({"data_batch_1": _batch(0, pixels=3071)}, "not laid out as CIFAR-10: ValueError"),
    ],
    ids=["above", "below", "gap", "too few", "none", "no labels", "wrong shape"],
)
def test_labels_and_shapes_that_do_not_fit_are_told(
    changes: dict[str, Any], message: str, publish: Publish, tmp_path: Path
) -> None:
    _put(publish(**changes), tmp_path, unpacked=True)
    with pytest.raises(DataError, match=message):
        load_dataset(_settings(tmp_path))


def test_other_sources_do_not_import_torchvision(tmp_path: Path) -> None:
    program = (
        "import sys; from experiments.training.data import load_dataset; "
        "from experiments.training.settings import TrainSettings; "
        f"load_dataset(TrainSettings(data_dir={str(tmp_path)!r})); sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
