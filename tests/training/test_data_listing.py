"""What counts as a picture of which class, and which layouts are refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from experiments.training.data import DataError
from experiments.training.data.listing import list_pictures

LayOut = Callable[[Iterable[str]], Path]
NAMES = tuple(
    f"{part}/{label}/{i}.png" for part in ("train", "test") for label in ("cat", "dog") for i in (0, 1)
)


def _unpack(names: Iterable[str], folder: Path) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.mkdir() if name.endswith("/") else file.write_bytes(b"")
    return folder


def _pack(names: Iterable[str], archive: Path) -> Path:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as opened:
        for name in names:
            opened.writestr(name, b"")
    return archive


@pytest.fixture(params=["folder", "zip"])
def lay_out(request: pytest.FixtureRequest, tmp_path: Path) -> LayOut:
    """lay_out(names) is where such files lie: in a folder in one test, in a zip in another."""
    if request.param == "folder":
        return lambda names: _unpack(names, tmp_path / "pictures")
    return lambda names: _pack(names, tmp_path / "pictures.zip")


def _found(path: Path) -> list[str]:
    return ["/".join(picture.name) for picture in list_pictures(path).pictures]


def test_pictures_come_by_part_class_and_name(lay_out: LayOut) -> None:
    path = lay_out(reversed(NAMES))
    assert _found(path) == list(NAMES)
    assert list_pictures(path).classes == ("cat", "dog")


def test_hidden_and_other_files_are_passed_over(lay_out: LayOut) -> None:
    beside = (
        "README.txt", "train/README.txt", "train/cat/notes.txt", "train/cat/.hidden.png",
        "train/.cache/0.png",
        "__MACOSX/train/cat/0.png", "train/__MACOSX/0.png", "more/train/cat/0.png", "0.png",
    )  # fmt: skip
    assert _found(lay_out((*NAMES, *beside))) == list(NAMES)


def test_folders_inside_a_class_belong_to_the_class(lay_out: LayOut) -> None:
    assert "train/dog/puppies/0.JPEG" in _found(lay_out((*NAMES, "train/dog/puppies/0.JPEG")))


@pytest.mark.parametrize("around", ["pets-main/", ""])
def test_one_folder_around_all_of_a_zip_is_looked_through(around: str, tmp_path: Path) -> None:
    archive = _pack([*(around + name for name in NAMES), "__MACOSX/._train"], tmp_path / "pets.zip")
    assert _found(archive) == list(NAMES)


def test_zips_side_by_side_are_read_together(tmp_path: Path) -> None:
    _pack(NAMES[:4], tmp_path / "both" / "a.zip")
    _pack(NAMES[4:], tmp_path / "both" / "b.zip")
    assert _found(tmp_path / "both") == list(NAMES)


def test_a_zip_beside_its_own_unpacked_folders_is_passed_over(tmp_path: Path) -> None:
    folder = _unpack(NAMES, tmp_path / "pets")
    _pack(NAMES, folder / "pets.zip")
    assert _found(folder) == list(NAMES)


def test_a_class_folder_may_be_a_link(tmp_path: Path) -> None:
    folder = _unpack(NAMES, tmp_path / "pets")
    (folder / "train/cat").rename(tmp_path / "elsewhere")
    (folder / "train/cat").symlink_to(tmp_path / "elsewhere")
    assert _found(folder) == list(NAMES)


def test_a_missing_path_tells_the_layout() -> None:
    with pytest.raises(DataError, match=r"no 'nowhere/at/all'.*train/<class>/<image>"):
        list_pictures(Path("nowhere/at/all"))


def test_a_file_that_is_no_zip_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "pets.zip"
    archive.write_bytes(b"half a download")
    with pytest.raises(DataError, match=r"pets\.zip' does not open as a zip"):
        list_pictures(archive)


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_missing_part_is_named(part: str, lay_out: LayOut) -> None:
    path = lay_out(name for name in NAMES if not name.startswith(part))
    with pytest.raises(DataError, match=f"has no {part}/ in it"):
        list_pictures(path)


def test_an_empty_folder_tells_the_layout(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no train/ in it; expected train/<class>/<image>"):
        list_pictures(tmp_path)


@pytest.mark.parametrize("rest", ["test/", "test/notes.txt"])
def test_a_part_without_classes_is_named(rest: str, lay_out: LayOut) -> None:
    with pytest.raises(DataError, match=r"test/ of .* holds no class folder"):
        list_pictures(lay_out((*NAMES[:4], rest)))


@pytest.mark.parametrize(("part", "other"), [("train", "test"), ("test", "train")])
def test_a_class_in_one_part_only_is_named(part: str, other: str, lay_out: LayOut) -> None:
    with pytest.raises(DataError, match=f"class folder {part}/bird of .* is not there"):
        list_pictures(lay_out((*NAMES, f"{other}/bird/0.png")))


@pytest.mark.parametrize("inside", ["", "song.mp3"])
def test_a_class_without_images_is_named(inside: str, lay_out: LayOut) -> None:
    with pytest.raises(DataError, match=r"class folder train/bird of .* holds no image"):
        list_pictures(lay_out((*NAMES, f"train/bird/{inside}", "test/bird/0.png")))


def test_a_class_empty_in_both_parts_is_named(lay_out: LayOut) -> None:
    with pytest.raises(DataError, match=r"class folder train/bird of .* holds no image"):
        list_pictures(lay_out((*NAMES, "train/bird/", "test/bird/")))


def test_an_image_in_no_class_is_named(lay_out: LayOut) -> None:
    with pytest.raises(DataError, match=r"train/stray\.png' lies in no class folder"):
        list_pictures(lay_out((*NAMES, "train/stray.png")))


def test_the_same_image_in_two_zips_is_named(tmp_path: Path) -> None:
    for name in ("first", "second"):
        _pack(NAMES, tmp_path / "both" / f"{name}.zip")
    with pytest.raises(DataError, match=r"first\.zip/train/cat/0\.png' and '.*second\.zip/train/cat/0\.png'"):
        list_pictures(tmp_path / "both")
