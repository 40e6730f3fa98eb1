"""How a finding shows itself to Python: as tables, and in a notebook as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pandas import DataFrame

    from tracker.findings import Finding
    from tracker.statistics.estimates import Numbers


class Shown:
    """What a finding can do beside saying what was found."""

    __slots__ = ()

    def frame(self) -> DataFrame:
        """The values of this question and of those beneath it, a row each."""
        from tracker.export.frames import values_frame

        return values_frame([cast("Finding", self)])

    def runs_frame(self, numbers: Numbers | None = None) -> DataFrame:
        """The runs of this question and of those beneath it, a row for each value and seed.

        `numbers`, such as a store's `values`, gives the metric of runs that no estimate counts as well.
        """
        from tracker.export.frames import runs_frame

        return runs_frame([cast("Finding", self)], numbers)

    def _repr_html_(self) -> str:
        """The question with its answer, a table and a plot, as notebooks ask for it."""
        from tracker.export.notebook import finding_html

        return finding_html(cast("Finding", self))
