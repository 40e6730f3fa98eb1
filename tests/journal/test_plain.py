"""Any value becomes plain JSON; a bad one costs itself."""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from tracker.journal.plain import DEEPEST, LETTERS, plain


class Colour(Enum):
    RED = 1


class Level(IntEnum):
    HIGH = 3


class Pair(NamedTuple):
    left: int
    right: float


@dataclass
class Settings:
    lr: float
    path: Path


class Named(str):
    __slots__ = ()


class Broken:
    def __repr__(self) -> str:
        raise ValueError("no words for it")


class BrokenError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words for it either")


class VeryBroken:
    """As a proxy whose object is gone."""

    def __getattribute__(self, name: str) -> Any:
        raise BrokenError


def told(value: Any, place: str = "config.x") -> tuple[Any, list[str]]:
    warnings: list[str] = []
    return plain(value, warnings.append, place), warnings


atoms = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(some.characters(), max_size=5)
    | some.binary(max_size=5)
    | some.datetimes()
    | some.dates()
    | some.timedeltas()
    | some.complex_numbers()
    | some.decimals()
    | some.fractions()
    | some.uuids()
    | some.sampled_from([Colour.RED, Level.HIGH, Pair(1, math.nan), Settings(0.1, Path("a")), Named("n")])
    | some.sampled_from([numpy.float32(0.5), numpy.int64(3), numpy.bool_(True), numpy.datetime64("2026")])
    | some.sampled_from([numpy.arange(3), numpy.zeros((40, 40)), numpy.array(["a", None], dtype=object)])
    | some.sampled_from([torch.tensor(3.0), torch.ones(2, 2), torch.zeros(2000), torch.float16])
    | some.sampled_from([object(), len, Settings, math, lambda: 0])
    | some.builds(Broken)
    | some.builds(BrokenError)
)


def is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:  # of a list, and of a decimal number that signals
        return False
    return True


keys = atoms.filter(is_hashable)

anything = some.recursive(
    atoms,
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.lists(inner, max_size=4).map(tuple)
        | some.lists(inner, max_size=4).map(deque)
        | some.lists(keys, max_size=4).map(set)
        | some.lists(some.tuples(keys, inner), max_size=4).map(dict)
        | some.lists(some.tuples(some.text(max_size=3), inner), max_size=4).map(OrderedDict)
    ),
    max_leaves=12,
)


@given(anything)
def test_whatever_it_is_json_takes_it_and_gives_it_back(value: Any) -> None:
    found, _ = told(value)
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    text.encode("utf-8")
    assert plain(found) == found


@pytest.mark.parametrize(
    "value", [None, True, "ä\n", 0, -(2**63), 2**63 - 1, 0.1, -0.0, [1, [2]], {"a": {"b": []}}]
)
def test_plain_data_stays_as_it_is(value: Any) -> None:
    assert told(value) == (value, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (2**70, str(2**70)),
        ("a\ud800b\x00", "a\ufffdb\ufffd"),
        (b"na\xe9", "na\ufffd"),
        (bytearray(b"ab"), "ab"),
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        (deque([1]), [1]),
        (numpy.float32(0.5), 0.5),
        (numpy.float64("nan"), "nan"),
        (numpy.longdouble(0.5), 0.5),
        (numpy.int64(7), 7),
        (numpy.bool_(True), True),
        (numpy.array(1.5), 1.5),
        (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (torch.tensor(2.5, requires_grad=True), 2.5),
        (torch.tensor([1, 2]), [1, 2]),
        (torch.tensor([0.5], dtype=torch.bfloat16), [0.5]),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(seconds=90), "0:01:30"),
        (Decimal("0.10"), "0.10"),
        (1 + 2j, "(1+2j)"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Path("a/b"), "a/b"),
        (Colour.RED, "RED"),
        (Level.HIGH, 3),
        (Named("n"), "n"),
        (Pair(1, 0.5), {"left": 1, "right": 0.5}),
        (Settings(0.1, Path("p")), {"lr": 0.1, "path": "p"}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ({1: "a", "1": "b", None: "c", 0.5: "d"}, {"1": "a", "1_": "b", "None": "c", "0.5": "d"}),
        (
            {"$set": 1, "a.b": 2, "a\x00": 3, "py/tuple": [1]},
            {"_$set": 1, "a.b": 2, "a\ufffd": 3, "py/tuple": [1]},
        ),
        ({(1, 2): 3}, {"[1, 2]": 3}),
    ],
)
def test_what_has_a_plain_form_becomes_that_without_a_warning(value: Any, expected: Any) -> None:
    assert told(value) == (expected, [])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (len, "<built-in function len>"),
        (Settings, "<class '"),
        (object(), "<object object>"),
        (numpy.zeros((50, 21)), "<numpy.ndarray of shape (50, 21), float64>"),
        (torch.zeros(1001), "<torch.Tensor of shape (1001,), torch.float32>"),
        (Broken(), "<Broken could not be recorded: ValueError: no words for it>"),
        (torch.zeros(3, device="meta"), "<Tensor could not be recorded: "),
    ],
)
def test_what_has_none_becomes_a_text_with_a_warning_that_names_its_place(value: Any, text: str) -> None:
    found, warnings = told({"good": 1, "bad": [value], "better": 2})
    assert (found["good"], found["better"]) == (1, 2)
    assert found["bad"][0].startswith(text)
    assert warnings == [f"config.x.bad[0] is recorded as the text {found['bad'][0]}"]


def test_an_object_that_raises_whatever_is_asked_of_it_costs_itself() -> None:
    found, _ = told([1, VeryBroken(), {"a": VeryBroken()}])
    words = "<VeryBroken could not be recorded: BrokenError>"
    assert found == [1, words, {"a": words}]


def test_a_description_is_cut_and_tells_no_address() -> None:
    class Long:
        def __repr__(self) -> str:
            return "x" * 1000

    assert told(Long())[0] == "x" * LETTERS
    assert " at 0x" not in told(lambda: 0)[0]


def test_a_container_that_holds_itself_ends_there() -> None:
    cycle: dict[str, Any] = {"a": 1}
    cycle["self"] = [cycle]
    assert told(cycle)[0] == {"a": 1, "self": ["<dict that holds itself>"]}
    twice = [1]
    assert told([twice, twice]) == ([[1], [1]], [])


def test_what_is_very_deep_ends_in_words() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    found, (warning,) = told(deep)
    for _ in range(DEEPEST):
        (found,) = found
    assert found == (f"<list more than {DEEPEST} deep>")
    assert str(DEEPEST) in warning
    while deep:  # its own destructor would be as deep
        deep = deep[0]


def test_a_mapping_that_another_thread_changes_is_copied_all_the_same() -> None:
    class Changing(dict[str, int]):
        tries = 0

        def items(self) -> Any:
            for item in super().items():
                yield item
                self.tries += 1
                if self.tries < 4:
                    self[f"more{self.tries}"] = 1

    assert told(Changing(a=1))[0] == {"a": 1, "more1": 1, "more2": 1, "more3": 1}


def test_a_mapping_that_always_changes_costs_itself() -> None:
    class Unsteady(dict[str, int]):
        def items(self) -> Any:
            raise RuntimeError("dictionary changed size during iteration")

    found, _ = told([1, Unsteady(a=1)])
    assert found == [
        1,
        "<Unsteady could not be recorded: RuntimeError: dictionary changed size during iteration>",
    ]


def test_a_dictionary_that_grows_beside_the_copying_never_raises() -> None:
    growing: dict[str, Any] = {"deep": {}}
    stop = threading.Event()

    def grow() -> None:
        step = 0
        while not stop.is_set():
            step += 1
            growing[f"k{step % 5000}"] = step
            growing["deep"][step % 5000] = [step]
            growing.pop(f"k{step * 7 % 5000}", None)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(10):
            found, warnings = told(growing)
            assert isinstance(found["deep"], dict)
            assert warnings == []
    finally:
        stop.set()
        thread.join()


def test_an_interrupt_of_the_run_is_no_fault_of_the_value() -> None:
    class Interrupted(Exception):  # noqa: N818 - as Sacred has it
        STATUS = "INTERRUPTED"

    class Slow:
        def __repr__(self) -> str:
            raise Interrupted

    with pytest.raises(Interrupted):
        plain([Slow()])


def test_warnings_go_to_the_log_where_nobody_else_takes_them(caplog: pytest.LogCaptureFixture) -> None:
    plain({"a": object()})
    assert caplog.messages == ["a is recorded as the text <object object>"]
    plain(object())
    assert caplog.messages[1] == "a value is recorded as the text <object object>"
