"""BatchNorm written out is torch's: outputs, gradients, buffers, modes, copies."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from experiments.training.norms.by_hand import BatchNormByHand

SHAPES = [(16, 3), (8, 3, 4, 4), (2, 3, 3, 3), (7, 3, 3, 3)]  # the last ones: as many channels as columns
MOMENTA = [0.1, 0.4, None]


def pair(shape: tuple[int, ...], momentum: float | None) -> tuple[nn.Module, nn.Module]:
    """Torch's layer and the one by hand, in double precision, with the same scale and shift."""
    kind = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
    reference = kind(3, momentum=momentum).double()
    nn.init.uniform_(reference.weight, 0.5, 2)
    nn.init.normal_(reference.bias)
    own = BatchNormByHand(3, momentum=momentum).double()
    own.load_state_dict(reference.state_dict())
    return reference, own


def draw(shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    images = 3 * torch.randn(shape, generator=generator, dtype=torch.float64) + 5
    return images.requires_grad_()


def assert_same(one: Tensor | None, other: Tensor | None) -> None:
    torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("momentum", MOMENTA)
@pytest.mark.parametrize("shape", SHAPES)
def test_ten_steps_have_torchs_outputs_gradients_buffers(
    shape: tuple[int, ...], momentum: float | None
) -> None:
    reference, own = pair(shape, momentum)
    for step in range(10):
        theirs, ours = draw(shape, step), draw(shape, step)
        expected, found = reference(theirs), own(ours)
        assert_same(found, expected)
        (expected**3).sum().backward()
        (found**3).sum().backward()
        assert_same(ours.grad, theirs.grad)
    for one, other in zip(own.parameters(), reference.parameters(), strict=True):
        assert_same(one.grad, other.grad)
    for name, buffer in reference.named_buffers():
        assert_same(own.get_buffer(name).double(), buffer.double())
    images = draw(shape, 99)
    assert_same(own.eval()(images), reference.eval()(images))


def test_gradients_are_those_of_finite_differences() -> None:
    own = BatchNormByHand(3).double()
    assert torch.autograd.gradcheck(own, draw((5, 3), 1))


def test_buffers_keep_no_graph_so_that_a_copy_can_be_made() -> None:
    own = BatchNormByHand(3).double()
    for step in range(3):
        own(draw((5, 3), step)).sum().backward()
    assert all(buffer.grad_fn is None for buffer in own.buffers())
    twin = copy.deepcopy(own)
    assert torch.equal(twin.running_mean, own.running_mean)


def test_the_variance_that_normalises_divides_by_all_samples() -> None:
    outputs = BatchNormByHand(3, eps=1e-12).double()(draw((4, 3), 0))
    torch.testing.assert_close(outputs.var(dim=0, correction=0), torch.ones(3, dtype=torch.float64))
    assert (outputs.var(dim=0, correction=1) > 1.3).all()  # with n - 1 the outputs would be off by 13 %
