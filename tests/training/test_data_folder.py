"""Folders and zips of class folders."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments.training.data import DataError, Dataset, load_dataset
from experiments.training.settings import TrainSettings

Load = Callable[..., Dataset]


def _picture(seed: int, side: int = 32, mode: str = "RGB", format: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, format)
    return file.getvalue()


def _files(count: int = 3, suffix: str = "png", format: str = "PNG") -> dict[str, bytes]:
    """Two classes in train and test."""
    names = [f"{part}/{label}/{i}.{suffix}" for part in ("train", "test") for label in ("cat", "dog")
             for i in range(count)]  # fmt: skip
    return {name: _picture(seed, format=format) for seed, name in enumerate(names)}


def _unpack(files: dict[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        file = folder / name
        if name.endswith("/"):
            file.mkdir(parents=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def _pack(files: dict[str, bytes], archive: Path) -> Path:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return archive


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """load(path, resize=64) is the data set of a folder or zip, all of train kept for training."""

    def load(path: Path, **changes: Any) -> Dataset:
        settings: dict[str, Any] = {"validation": 0.0, **changes}
        return load_dataset(TrainSettings(data=str(path), data_dir=str(tmp_path / "kept"), **settings))

    return load


@pytest.fixture(params=["folder", "zip"])
def lay_out(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """lay_out(files) is where they lie: in a folder in one test, in a zip in another."""
    if request.param == "folder":
        return lambda files: _unpack(files, tmp_path / "pictures")
    return lambda files: _pack(files, tmp_path / "pictures.zip")


def test_pixels_and_labels_are_those_of_the_files(tmp_path: Path, load: Load) -> None:
    files = _files()
    dataset = load(_unpack(files, tmp_path / "pets"))
    assert (dataset.name, dataset.classes) == ("pets", ("cat", "dog"))
    for images, part in ((dataset.train, "train"), (dataset.test, "test")):
        names = [name for name in files if name.startswith(part)]
        wanted = [np.asarray(Image.open(BytesIO(files[name]))) for name in names]
        assert np.array_equal(images.images, wanted)
        assert images.labels.tolist() == [int("dog" in name) for name in names]


def test_cifar10_may_lie_as_images_beside_the_other_data(tmp_path: Path) -> None:
    _unpack(_files(), tmp_path / "data/cifar10")
    settings = {"data": "cifar10", "data_dir": str(tmp_path / "data"), "validation": 0.0}
    images = load_dataset(TrainSettings.from_config(settings))
    assert (len(images.train.labels), len(images.test.labels)) == (6, 6)
    assert images.name == "cifar10, as images"
    assert images.note.startswith(f"CIFAR-10 as images of {tmp_path}/data/cifar10, sha256 ")


def test_jpegs_are_decoded(tmp_path: Path, load: Load) -> None:
    files = _files(suffix="JPG", format="JPEG")
    dataset = load(_unpack(files, tmp_path / "pets"))
    first = Image.open(BytesIO(files["train/cat/0.JPG"]))
    assert np.array_equal(dataset.train.images[0], np.asarray(first))


def test_a_folder_a_zip_two_zips_and_a_wrapped_zip_hold_the_same_images(tmp_path: Path, load: Load) -> None:
    files = _files()
    side_by_side = tmp_path / "downloads"
    for part in ("train", "test"):
        _pack(
            {name: data for name, data in files.items() if name.startswith(part)},
            side_by_side / f"{part}.zip",
        )
    places = [
        _unpack(files, tmp_path / "pets"),
        _pack(dict(reversed(files.items())), tmp_path / "pets.zip"),
        side_by_side,
        _pack({f"pets-main/{name}": data for name, data in files.items()}, tmp_path / "wrapped.zip"),
    ]
    datasets = [load(place) for place in places]
    for dataset in datasets[1:]:
        assert np.array_equal(dataset.train.images, datasets[0].train.images)
        assert np.array_equal(dataset.test.labels, datasets[0].test.labels)
        assert dataset.split_hash == datasets[0].split_hash


def test_any_number_of_classes_will_do(tmp_path: Path, load: Load) -> None:
    files = {f"{part}/{label}/0.png": _picture(label) for part in ("train", "test") for label in range(13)}
    assert len(load(_unpack(files, tmp_path / "many")).classes) == 13


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA"])
def test_other_kinds_of_pixels_become_colour(mode: str, tmp_path: Path, load: Load) -> None:
    files = _files() | {"train/cat/0.png": _picture(5, mode=mode)}
    dataset = load(_unpack(files, tmp_path / "pets"))
    wanted = Image.open(BytesIO(files["train/cat/0.png"])).convert("RGB")
    assert np.array_equal(dataset.train.images[0], np.asarray(wanted))


def test_a_palette_with_transparency_becomes_colour(tmp_path: Path, load: Load) -> None:
    palette, file = Image.open(BytesIO(_picture(5, mode="P"))), BytesIO()
    palette.save(file, "PNG", transparency=bytes(range(256)))
    dataset = load(_unpack(_files() | {"train/cat/0.png": file.getvalue()}, tmp_path / "pets"))
    assert np.array_equal(dataset.train.images[0], np.asarray(palette.convert("RGB")))


def test_pixels_of_more_than_8_bits_are_refused(tmp_path: Path, load: Load) -> None:
    file = BytesIO()
    Image.fromarray(np.full((32, 32), 4000, np.uint16)).save(file, "PNG")
    with pytest.raises(DataError, match=r"train/cat/0\.png.*8-bit"):
        load(_unpack(_files() | {"train/cat/0.png": file.getvalue()}, tmp_path / "pets"))


def test_another_size_is_refused_with_the_remedy(lay_out: Callable[..., Path], load: Load) -> None:
    path = lay_out(
        _files() | {"train/cat/2.png": _picture(0, side=40), "train/dog/0.png": _picture(0, side=50)}
    )
    with pytest.raises(DataError, match=r"train/cat/2\.png' is 40x40 pixels, not 32x32; resize=32"):
        load(path)


def test_resizing_brings_all_to_one_size(lay_out: Callable[..., Path], load: Load) -> None:
    big = np.zeros((64, 64, 3), np.uint8)
    big[:, 1::2] = 200  # stripes that only an antialiased resize turns into grey
    file = BytesIO()
    Image.fromarray(big).save(file, "PNG")
    path = lay_out(_files() | {"train/cat/0.png": file.getvalue()})
    images = load(path, resize=16).train.images
    assert images.shape == (6, 16, 16, 3)
    assert abs(int(images[0, 8, 8, 0]) - 100) < 10


def test_a_file_that_is_no_image_is_named(lay_out: Callable[..., Path], load: Load) -> None:
    path = lay_out(_files() | {"train/dog/1.png": b"this is text"})
    named = rf"{path}/train/dog/1\.png' does not decode as an image; "
    with pytest.raises(DataError, match=named) as refused:
        load(path)
    assert "0x" not in str(refused.value)  # where bytes lie in memory tells nobody which file it is


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # it warns of some damage before it gives up
@pytest.mark.parametrize("length", [0, 20, 100, 1500])
@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "TIFF", "WEBP"])
def test_a_torn_image_is_named(format: str, length: int, tmp_path: Path, load: Load) -> None:
    whole = _picture(0, format=format)
    torn = whole[: min(length, len(whole) // 2)]
    files = _files() | {f"test/cat/1.{format.lower()}": torn}
    with pytest.raises(DataError, match=rf"test/cat/1\.{format.lower()}' does not decode"):
        load(_unpack(files, tmp_path / "pets"))


def test_damage_inside_a_zip_is_named(tmp_path: Path, load: Load) -> None:
    files = _files()
    archive = _pack(files, tmp_path / "pets.zip")
    inside = files["train/dog/0.png"][100:200]
    archive.write_bytes(archive.read_bytes().replace(inside, inside[::-1]))
    with pytest.raises(DataError, match=r"pets\.zip/train/dog/0\.png' does not decode"):
        load(archive)


def test_a_misspelt_source_is_recognised(load: Load) -> None:
    with pytest.raises(DataError, match="did you mean data=cifar10"):
        load(Path("cifar-10"))


def test_a_changed_file_is_decoded_again(tmp_path: Path, load: Load) -> None:
    folder = _unpack(_files(), tmp_path / "pets")
    before = load(folder)
    file = folder / "train/cat/0.png"
    changed = _picture(77)
    file.write_bytes(changed + bytes(max(0, file.stat().st_size - len(changed))))
    os.utime(file, ns=(1, 1))
    assert not np.array_equal(load(folder).train.images[0], before.train.images[0])


def test_another_size_is_decoded_again(tmp_path: Path, load: Load) -> None:
    folder = _unpack(_files(), tmp_path / "pets")
    assert [load(folder, resize=side).train.images.shape[1] for side in (16, 24)] == [16, 24]


def test_a_moved_folder_is_not_decoded_again(tmp_path: Path, load: Load) -> None:
    folder = _unpack(_files(), tmp_path / "pets")
    load(folder)
    folder.rename(tmp_path / "moved")
    load(tmp_path / "moved")
    assert len(list((tmp_path / "kept/cache").iterdir())) == 1


def test_progress_counts_up_to_every_image(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    settings = TrainSettings(data=str(_unpack(_files(), tmp_path / "pets")), data_dir=str(tmp_path / "kept"))
    load_dataset(settings, lambda _what, done, total: heard.append((done, total)))
    assert heard == [(done, 12) for done in range(13)]


@pytest.mark.skipif(
    "CIFAR10_IMAGES" not in os.environ,
    reason="CIFAR10_IMAGES is not set to a folder with CIFAR-10 as images (train/<class>/*, test/<class>/*)",
)
def test_the_real_images_are_those_of_cifar_10(load: Load) -> None:
    dataset = load(Path(os.environ["CIFAR10_IMAGES"]))
    assert dataset.classes[0] == "airplane"
    assert np.bincount(dataset.train.labels).tolist() == [5000] * 10
    assert np.bincount(dataset.test.labels).tolist() == [1000] * 10
    assert dataset.mean == pytest.approx((0.4914, 0.4822, 0.4465), abs=5e-4)
    assert dataset.std == pytest.approx((0.2470, 0.2435, 0.2616), abs=3e-3)  # JPEG smooths a little
