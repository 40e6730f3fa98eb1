"""When a configuration holds a setting, and when two values mean the same."""

from __future__ import annotations

from typing import Any

import pytest

from tracker.configs import MISSING, flat, key, look_up, same


def test_a_dotted_name_looks_into_nested_configurations() -> None:
    config = {"model": {"depth": 20}, "a.b": 1}
    assert look_up(config, "model.depth") == 20
    assert look_up(config, "a.b") == 1
    assert look_up(config, "model.width") is MISSING
    assert look_up(config, "model.depth.more") is MISSING
    assert flat(config) == {"model.depth": 20, "a.b": 1}


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [
        (1, 1.0, True),
        ((1, 2), [1, 2.0], True),
        ({"a": [1]}, {"a": (1,)}, True),
        (True, 1, False),
        ([True], [1], False),
        ("1", 1, False),
        (None, 0, False),
        (0.1, 0.1, True),
    ],
)
def test_values_are_the_same_when_they_mean_the_same(left: Any, right: Any, alike: bool) -> None:
    assert same(left, right) is alike
    assert (hash(key(left)) == hash(key(right))) or not alike
