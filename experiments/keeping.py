"""Where a run keeps its state, so that it goes on after an interruption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.training.settings import TrainSettings
from tracker.recording import checkpoint_path, settle, went_on

if TYPE_CHECKING:
    from experiments.training.state import TrainState


@dataclass
class Keeping:
    """The checkpoint of a run: the file that its setting names, else the one that whoever started it wants.

    What is wrong with the first refuses the run. With the second the run starts anew, or goes on without,
    and says so in `trouble`: whoever started it would only start it again.
    """

    path: Path | None
    is_setting: bool
    every: int  # epochs
    trouble: str = ""

    @property
    def found(self) -> bool:
        """Whether there is a state to go on from."""
        return self.path is not None and self.path.exists()

    def begin(self, run: Any, start: Callable[[], TrainState]) -> tuple[TrainState, bool]:
        """The state to train from, and whether it is one that was kept. Raises CheckpointError."""
        from experiments.training import checkpoint

        state = start()
        if self.path is None:
            return state, False
        if self.found:
            try:
                checkpoint.restore(self.path, state)
            except checkpoint.CheckpointError as error:
                self._note(error, "the run starts anew")
                went_on(run, None)
                state = start()
            else:
                print(f"going on after epoch {state.epoch} of {self.path}", flush=True)
                went_on(run, state.step)
                return state, True
        self.save(run, state)  # a place that cannot be written is found out now
        return state, False

    def save(self, run: Any, state: TrainState) -> None:
        """Keep the state, if its epoch is one of those that are kept. Raises CheckpointError."""
        from experiments.training import checkpoint

        last = state.epoch == state.settings.epochs
        if self.path is None or not (last or state.epoch % self.every == 0):
            return
        settle(run, state.step)
        try:
            checkpoint.save(self.path, state)
        except checkpoint.CheckpointError as error:
            self._note(error, "the run goes on without")
            self.path = None

    def _note(self, error: Exception, instead: str) -> None:
        if self.is_setting:
            raise error
        self.trouble = f"{error}: {instead}"
        print(self.trouble, flush=True)


def keeping(settings: TrainSettings) -> Keeping:
    """How a run of these settings keeps its state; without a place it does not."""
    named = Path(settings.checkpoint) if settings.checkpoint else None
    return Keeping(named or checkpoint_path(), named is not None, settings.checkpoint_every)
