"""The tree as a LaTeX table with booktabs, to be read in with \\input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tracker.export.details import ValueRow, value_rows
from tracker.export.files import replace_all
from tracker.export.latex_text import UNKNOWN, aligned, escaped
from tracker.export.page.figures import difference_decimals
from tracker.export.page.numbers_table import against
from tracker.findings import Finding, walk
from tracker.rounding import MOST_DECIMALS, digits, p_value
from tracker.statistics.estimates import Estimate

LONG = 40  # rows from which on the table may break over pages

_PAIR = "r@{}l"  # a number, split at its point
_COLUMNS = ("l", "r", *[_PAIR] * 6, "l")
_WIDTH = 2 + 2 * 6 + 1
_HEADING = (
    r"value & $n$ & \multicolumn{2}{c}{mean} & \multicolumn{2}{c}{sd} & \multicolumn{4}{c}{interval} & "
    r"\multicolumn{2}{c}{difference} & \multicolumn{2}{c}{$p$} & verdict \\"
)


def write_latex(findings: Sequence[Finding], out: Path) -> tuple[Path, ...]:
    """Write the table."""
    replace_all({out: latex(findings).encode()})
    return (out,)


def latex(findings: Sequence[Finding]) -> str:
    """The table: per node its question, a row for every value, the finding."""
    body = [line for finding in findings for below in walk(finding) for line in _node(below)]
    long = len(body) > LONG
    environment = "longtable" if long else "tabular"
    packages = "booktabs, longtable" if long else "booktabs"
    head = ["\\toprule", _HEADING, "\\midrule", *(["\\endhead", "\\bottomrule", "\\endfoot"] if long else [])]
    return "\n".join(
        [
            f"% Needs \\usepackage{{{packages}}} and \\usepackage[T1]{{fontenc}}; read it in with \\input.",
            UNKNOWN,
            f"\\begin{{{environment}}}{{{'@{}' + ' '.join(_COLUMNS) + '@{}'}}}",
            *head,
            *body,
            *([] if long else ["\\bottomrule"]),
            f"\\end{{{environment}}}",
            "",
        ]
    )


def _node(finding: Finding) -> Iterator[str]:
    question = finding.node.question
    indent = f"\\hspace*{{{question.level - 1}em}}"
    asked = f"\\quad {escaped(question.question)}" if question.question else ""
    yield _across(f"{indent}\\textbf{{{escaped(question.name)}}}{asked}", keep=True)
    for row, one in zip(value_rows([replace(finding, children=())]), finding.estimates, strict=True):
        yield _value(row, finding, one, indent)
    told = escaped(finding.text) if finding.text else escaped(finding.state)
    yield _across(f"{indent}\\textit{{{told}}}", keep=False)
    yield "\\addlinespace"


def _across(text: str, keep: bool) -> str:
    """A row over all columns; the row after it stays on the same page when it is to be kept."""
    return f"\\multicolumn{{{_WIDTH}}}{{@{{}}p{{\\linewidth}}@{{}}}}{{{text}}} \\\\{'*' if keep else ''}"


def _value(row: ValueRow, finding: Finding, one: Estimate, indent: str) -> str:
    decimals = _decimals(finding)
    numbers = [(number, decimals) for number in (row.mean, row.sd, row.ci_low, row.ci_high)]
    numbers.append((row.delta, _difference_decimals(finding, one, decimals)))
    told = [aligned("" if number is None else f"{number:.{places}f}") for number, places in numbers]
    p = "" if row.p_adj is None else p_value(row.p_adj, finding.node.question.alpha).removeprefix("=")
    verdict = "baseline" if row.baseline else row.verdict
    name = f"{indent}\\quad {escaped(str(row.value))}"
    return " & ".join([name, str(one.n), *told, aligned(p), verdict]) + " \\\\*"


def _difference_decimals(finding: Finding, one: Estimate, others: int) -> int:
    """As many as the means, or more where rounding would move the difference over zero or what matters."""
    found = against(finding, one)
    return max(others, difference_decimals(finding.node.question, found)) if found else others


def _decimals(finding: Finding) -> int:
    """One digit more than the widest spread deserves, the same for all values of a question."""
    sds = [one.sd for one in finding.estimates if one.sd]
    return min(digits(max(sds)) + 1, MOST_DECIMALS) if sds else 2
