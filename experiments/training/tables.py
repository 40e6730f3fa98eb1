"""The names in the tables that training chooses from, read without loading torch (standard library only)."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def names_in(path: str, table: str) -> tuple[str, ...]:
    """The keys of a table, a dict written out at the top of a file of `experiments.training`."""
    code = ast.parse((Path(__file__).parent / path).read_text(encoding="utf-8"))
    for statement in code.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(keys=keys)) if name == table:
                return tuple(ast.literal_eval(key) for key in keys if key is not None)
    raise LookupError(f"{path} has no table {table}, written out as {table}: dict[...] = {{...}}")
