"""nx-27017, mended where it takes one document for another.

Every update is done in Python: its quick way in SQL turns dates into text.

`{_id: 1, $or: [a, b]}` becomes `_id = 1 AND a OR b` in its SQL, which is every document with b: here `$or`
stands in brackets. Where nx cannot say a filter in SQL, it takes an integer id for the number of a row, which
it is only as long as documents are inserted in the order of their ids: here the id is looked up.
"""

import sys
from typing import Any

from neosqlite.collection.query_engine import crud_operations
from neosqlite.collection.query_helper import set_force_fallback
from neosqlite.collection.sql_translator_unified import SQLClauseBuilder
from nx_27017.nx_27017 import main

look_up = crud_operations.get_integer_id_for_oid
in_sql = SQLClauseBuilder._build_logical_condition


def row_of(connection: Any, table: str, id: Any) -> int:
    """The number of the row that holds the document with this id, which nx keeps as text."""
    return int(look_up(connection, table, str(id)))


def in_brackets(builder: Any, *asked: Any) -> tuple[str | None, list[Any]]:
    """A condition that stays whole, whatever stands beside it."""
    sql, values = in_sql(builder, *asked)
    return (f"({sql})" if sql else sql), values


crud_operations.get_integer_id_for_oid = row_of
SQLClauseBuilder._build_logical_condition = in_brackets
set_force_fallback(True)
sys.exit(main())
