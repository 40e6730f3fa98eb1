"""Guards that look for what is known to go wrong, in every training; what they find is said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from experiments.training.norms import batchnorm_layers
from experiments.training.results import Warned
from experiments.training.schedule import lr_share
from experiments.training.state import TrainState

IDLE_SHARE = 0.01  # of the learning rate, below which a step hardly moves anything
IDLE_PART = 0.5  # of the run: a schedule that is over by then was made for another length
WIDE_GAP = 0.5  # nats between train mode and eval mode on the same images


class Guards:
    """The guards of one run; `told` gives what they have found since the last time."""

    def __init__(self, state: TrainState) -> None:
        self._state = state
        self._found: list[Warned] = []
        self._said: set[str] = set()
        self._at_start = _sums(state.model)

    def told(self) -> Iterator[Warned]:
        """What was found and not told yet."""
        found, self._found = self._found, []
        yield from found

    def _say(self, guard: str, words: str) -> None:
        if guard not in self._said:
            self._said.add(guard)
            self._found.append(Warned(self._state.step, guard, words))

    def before_training(self) -> None:
        """What the network and the schedule show before anything is computed."""
        names = Counter(id(layer) for layer in _every_batchnorm(self._state.model))
        if shared := sum(count > 1 for count in names.values()):
            self._say(
                "shared_layer", f"{shared} BatchNorm layers stand in more than one place of the network"
            )
        untracked = [
            name for name, layer in batchnorm_layers(self._state.model).items() if layer.running_mean is None
        ]
        if untracked:
            self._say(
                "untracked_statistics",
                f"{untracked[0]} has no running statistics: what is evaluated together changes the answers",
            )
        self._check_horizon()

    def _check_horizon(self) -> None:
        state = self._state
        if state.optimizer is None:
            return
        shares = [lr_share(state.settings, state.total_steps, step) for step in range(state.total_steps)]
        idle = sum(share < IDLE_SHARE for share in shares) / len(shares)
        if idle > IDLE_PART:
            self._say(
                "horizon",
                f"the learning rate is below {IDLE_SHARE:.0%} of its height for {idle:.0%} of the run: "
                "the schedule was made for a shorter one",
            )

    @contextmanager
    def first_step(self) -> Iterator[None]:
        """Around the first step: how often each layer is passed, and gradients that are there too early."""
        passes: Counter[str] = Counter()
        layers = batchnorm_layers(self._state.model)
        hooks = [
            layer.register_forward_pre_hook(lambda *_, name=name: passes.update([name]))
            for name, layer in layers.items()
            if layer.training
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
        settings = self._state.settings
        expected = settings.batch_size // settings.forward_batch
        if passes and (most := max(passes.values())) > expected:
            self._say(
                "several_passes",
                f"a BatchNorm layer is passed {most} times in a step instead of {expected}: each pass "
                "normalises by itself and moves the running statistics",
            )

    def outputs(self, outputs: Tensor) -> None:
        """What training gives to the loss in its first step."""
        if self._state.step == 1 and _are_probabilities(outputs):
            self._say(
                "softmax_before_loss",
                "the loss is given probabilities, where it takes a softmax itself: it cannot fall below 1.46 "
                "with ten classes",
            )

    def gradients(self) -> None:
        """Gradients of the step before that are still there when the next one begins."""
        if self._state.step == 2 and any(
            parameter.grad is not None and parameter.grad.any()
            for parameter in self._state.model.parameters()
        ):
            self._say("gradients_never_cleared", "gradients of the last step are added to those of the next")

    def compiler(self) -> None:
        """A compiler that is not here, or fails at this network, which then trains without it."""
        compiled = self._state.compiled
        if compiled is not None and compiled.trouble:
            self._say("compiler", f"trained without the compiler, and more slowly: {compiled.trouble}")

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """Around an evaluation: it must leave every buffer as it is."""
        before = [buffer.clone() for buffer in self._state.model.buffers()]
        yield
        after = self._state.model.buffers()
        if not all(torch.equal(one, other) for one, other in zip(before, after, strict=True)):
            self._say("leak", "an evaluation has changed BatchNorm's statistics: it was made in train mode")

    def after_training(self, gap: float | None) -> None:
        """The last difference of train and eval mode; parameters that were not to learn must have stayed."""
        if gap is not None and abs(gap) > WIDE_GAP:
            self._say(
                "batchnorm_gap",
                f"train mode and eval mode differ by {gap:+.2f} in their loss of the same images: "
                "the running statistics are not those of the data",
            )

        self._check_frozen()

    def _check_frozen(self) -> None:
        sums = _sums(self._state.model)
        moved = sorted(
            name for name in sums if name not in self._state.trainable and sums[name] != self._at_start[name]
        )
        frozen = [
            name
            for name, parameter in self._state.model.named_parameters()
            if not parameter.requires_grad and name in self._state.trainable
        ]
        if moved or frozen:
            self._say(
                "frozen_late",
                f"{(moved or frozen)[0]} was frozen after the optimiser had it, or moved although frozen",
            )


def _every_batchnorm(model: nn.Module) -> list[nn.Module]:
    layers = set(map(id, batchnorm_layers(model).values()))
    return [layer for _, layer in model.named_modules(remove_duplicate=False) if id(layer) in layers]


def _sums(model: nn.Module) -> dict[str, float]:
    """A number for each parameter that changes when it does, up to chance."""
    return {
        name: float((parameter.detach().double() * _ramp(parameter)).sum())
        for name, parameter in model.named_parameters()
    }


def _ramp(parameter: Tensor) -> Tensor:
    """Different weights for different places, so that what moves between them is seen."""
    count = parameter.numel()
    return torch.linspace(1, 2, count, dtype=torch.float64, device=parameter.device).view(parameter.shape)


def _are_probabilities(outputs: Tensor) -> bool:
    sums = outputs.detach().sum(dim=1)
    return bool((outputs >= 0).all() and torch.allclose(sums, torch.ones_like(sums), atol=1e-4))
