"""A server that says a document is there and does not give it: nothing goes round for ever."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError

from tracker.errors import StoreError
from tracker.mirror.run_document import ATTEMPTS, RunDocument


class Damaged:
    """No real server can be brought into this state from outside; one under load came into it by itself."""

    def __init__(self) -> None:
        self.tried = 0

    def find_one(self, *_: Any, **__: Any) -> None:
        return None

    def insert_one(self, _document: Any) -> None:
        self.tried += 1
        raise DuplicateKeyError("E11000 duplicate key error")


def test_a_document_that_is_there_and_is_not_is_an_error_after_some_attempts() -> None:
    runs = Damaged()
    document = RunDocument({"runs": runs}, "some-identity", id=7)  # type: ignore[arg-type]
    begun = {"info": {"tracker": {}}, "status": "RUNNING", "experiment": {}}
    with pytest.raises(StoreError, match="run 7 that it is there, and does not give it"):
        document.begin(7, begun, datetime.now(UTC))
    assert runs.tried == ATTEMPTS
