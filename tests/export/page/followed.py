"""A question file and a store that a test changes, with the clock of whoever follows them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.export.page.site import Site

QUESTIONS = """
version: 1
project: followed
metric: {name: test.accuracy, unit: "%"}
defaults: {experiment: full, launch: python x.py, seeds: [1, 2, 3]}
tree:
  - id: above
    question: What is above?
    children:
      - id: norm
        question: Does it matter?
        parameter: norm
        values: [batchnorm, weight_norm]
        baseline: batchnorm
      - {id: size, question: "And the size?", parameter: size, values: [1, 2], baseline: 1}
"""


class Followed:
    """A question file, a store and a clock that the test moves."""

    def __init__(self, folder: Path, store: Any, question: Any, now: datetime) -> None:
        self.path = folder / "followed.yaml"
        self.path.write_text(QUESTIONS, encoding="utf-8")
        self.store, self.question, self.now, self.seconds = store, question, now, 0.0
        self.site = Site(self.path, store, clock=lambda: self.seconds, now=lambda: self.now)

    def record(self, *skills: float | str) -> None:
        self.store.record(self.question, {"batchnorm": skills})
        self.seconds += 60

    def change(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        self.seconds += 60
