"""What a training step and an evaluation are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from experiments.training.batches import PAD, Batches
from experiments.training.data import DataError, ImageSet

MEAN, STD = (0.5, 0.4, 0.6), (0.25, 0.2, 0.3)
COUNT = 20


def _images(count: int = COUNT, height: int = 32, width: int = 32) -> ImageSet:
    """Noise, with the number of the image as its label."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)
    return ImageSet(pixels, np.arange(count))


def _batches(images: ImageSet | None = None, channels_last: bool = True) -> Batches:
    return Batches(images or _images(), MEAN, STD, torch.device("cpu"), channels_last)


def _whole(batches: Any) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(labels)


def _normalised(images: ImageSet) -> torch.Tensor:
    pixels = (images.images / 255 - np.array(MEAN)) / np.array(STD)
    return torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float()


def _epoch(batch_size: int = 5, seed: int = 0, epoch: int = 0, augment: bool = True) -> Any:
    return _whole(_batches().epoch(batch_size, seed, epoch, augment))


def test_evaluation_gives_every_image_once_in_order() -> None:
    given, labels = _whole(_batches().in_order(7))
    assert labels.tolist() == list(range(COUNT))
    torch.testing.assert_close(given, _normalised(_images()), atol=2e-6, rtol=0)


def test_mixed_images_come_once_each_in_one_order_whatever_the_batch_size() -> None:
    given, labels = _whole(_batches().mixed(7))
    assert sorted(labels.tolist()) == list(range(COUNT))
    assert labels.tolist() != list(range(COUNT))
    torch.testing.assert_close(given, _normalised(_images())[labels], atol=2e-6, rtol=0)
    assert torch.equal(_whole(_batches().mixed(3))[0], given)


def test_evaluation_does_not_depend_on_the_batch_size() -> None:
    first, second = (_whole(_batches().in_order(size))[0] for size in (3, 500))
    assert torch.equal(first, second)


def test_an_empty_set_gives_no_batch() -> None:
    assert list(_batches(_images(0)).in_order(5)) == []
    assert list(_batches(_images(0)).mixed(5)) == []


def test_the_same_seed_gives_the_same_batches() -> None:
    assert all(torch.equal(one, other) for one, other in zip(_epoch(), _epoch(), strict=True))


def test_every_epoch_has_an_order_of_its_own() -> None:
    orders = {tuple(_epoch(seed=seed, epoch=epoch)[1].tolist()) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_an_epoch_does_not_depend_on_the_epochs_before_it() -> None:
    batches = _batches()
    list(batches.epoch(5, 0, 0, True))
    torch.rand(1)
    assert torch.equal(_whole(batches.epoch(5, 0, 1, True))[0], _epoch(epoch=1)[0])


def test_an_epoch_gives_every_image_once() -> None:
    assert sorted(_epoch()[1].tolist()) == list(range(COUNT))


def test_a_last_partial_batch_is_left_out() -> None:
    sizes = [len(labels) for _, labels in _batches().epoch(6, 0, 0, True)]
    assert sizes == [6, 6, 6]


def test_images_that_fill_no_batch_are_refused() -> None:
    with pytest.raises(DataError, match="batch_size=21 is more than the 20 images"):
        _batches().epoch(21, 0, 0, True)


def test_without_augmentation_the_order_is_the_same_with_images_as_they_are() -> None:
    given, labels = _epoch(augment=False)
    assert torch.equal(labels, _epoch(augment=True)[1])
    torch.testing.assert_close(given, _normalised(_images())[labels], atol=2e-6, rtol=0)


def _offsets(given: torch.Tensor, original: torch.Tensor) -> list[tuple[int, int, bool]]:
    """Every (down, right, flip) that makes the given image of the original one."""
    side = original.shape[-1]
    padded = torch.nn.functional.pad(original, [PAD] * 4)
    return [
        (down, right, flip)
        for down in range(2 * PAD + 1)
        for right in range(2 * PAD + 1)
        for flip in (False, True)
        if _same(given, padded[:, down : down + side, right : right + side], flip)
    ]


def _same(given: torch.Tensor, crop: torch.Tensor, flip: bool) -> bool:
    # the border has the level nearest to the mean: half a level off at most
    return torch.allclose(given, crop.flip(-1) if flip else crop, atol=0.5 / 255 / min(STD) + 1e-6)


def test_every_augmented_image_is_a_shifted_or_mirrored_copy_of_the_one_its_label_names() -> None:
    original = _normalised(_images())
    seen = set()
    for epoch in range(5):
        for given, label in zip(*_epoch(epoch=epoch), strict=True):
            found = _offsets(given, original[label])
            assert len(found) == 1
            seen.update(found)
    assert {down for down, _, _ in seen} == set(range(2 * PAD + 1))
    assert {right for _, right, _ in seen} == set(range(2 * PAD + 1))
    assert {flip for *_, flip in seen} == {False, True}


def test_augmentation_spreads_evenly() -> None:
    """One white pixel tells shift and flip; 4,000 draws of 9 shifts, 2 flips."""
    pixels = np.zeros((4000, 32, 32, 3), np.uint8)
    pixels[:, 10, 8] = 255
    given, _ = next(_batches(ImageSet(pixels, np.zeros(4000, np.int64))).epoch(4000, 0, 0, True))
    where = given[:, 0].flatten(1).argmax(1)
    rows, columns = where // 32, where % 32
    down = torch.bincount(rows - 6, minlength=9)
    right = torch.bincount(torch.where(columns < 16, columns - 4, 27 - columns), minlength=9)
    for counts in (down, right):
        assert len(counts) == 9
        assert counts.min() > 340  # 444 expected, standard deviation 20
    assert abs((columns < 16).float().mean() - 0.5) < 0.04


def test_images_that_are_not_square_are_cropped_to_their_own_shape() -> None:
    images = _images(height=16, width=24)
    given, labels = _whole(_batches(images).epoch(5, 0, 0, False))
    assert given.shape == (20, 3, 16, 24)
    torch.testing.assert_close(given, _normalised(images)[labels], atol=2e-6, rtol=0)


@pytest.mark.parametrize("channels_last", [True, False])
def test_batches_have_the_memory_format_that_was_asked_for(channels_last: bool) -> None:
    batches = _batches(channels_last=channels_last)
    wanted = torch.channels_last if channels_last else torch.contiguous_format
    for given in (batches.epoch(5, 0, 0, True), batches.in_order(5)):
        images, labels = next(iter(given))
        assert images.is_contiguous(memory_format=wanted)
        assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)


def test_the_memory_format_changes_no_number() -> None:
    first, second = (_whole(_batches(channels_last=last).epoch(5, 0, 0, True))[0] for last in (True, False))
    assert torch.equal(first, second)


def test_the_images_given_to_it_stay_as_they_are() -> None:
    images = _images()
    before = images.images.copy()
    for given, _ in _batches(images).epoch(5, 0, 0, True):
        given.zero_()
    assert np.array_equal(images.images, before)


def test_a_memory_mapped_set_can_be_given_out(tmp_path: Any) -> None:
    np.save(tmp_path / "images.npy", _images().images)
    mapped = ImageSet(np.load(tmp_path / "images.npy", mmap_mode="r"), np.arange(COUNT))
    assert torch.equal(_whole(_batches(mapped).in_order(5))[0], _whole(_batches().in_order(5))[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_every_device_gives_the_same_batches() -> None:
    on_gpu = Batches(_images(), MEAN, STD, torch.device("cuda"), True)
    images, labels = _whole(on_gpu.epoch(5, 0, 0, True))
    wanted, wanted_labels = _epoch()
    assert torch.equal(labels.cpu(), wanted_labels)
    assert torch.equal(images.cpu(), wanted)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_an_epoch_never_waits_for_the_gpu() -> None:
    batches = Batches(_images(), MEAN, STD, torch.device("cuda"), True)
    torch.cuda.set_sync_debug_mode("error")
    try:
        assert sum(1 for _ in batches.epoch(5, 0, 0, True)) == 4
    finally:
        torch.cuda.set_sync_debug_mode("default")
