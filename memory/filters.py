"""Typed conditions on facts, answered by indexes: posting lists for texts, columns for numbers.

Both live in SQLite, written a batch at a time: a posting list is found by field and value and read as one blob of row
numbers per batch, so that a condition that a hundred thousand rows meet costs a few reads and not as many tuples.
"""

from __future__ import annotations

import operator
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .belief import Predicate
from .passages import Fact

SCHEMA = """
CREATE TABLE postings (
    field TEXT NOT NULL, value TEXT NOT NULL, first INTEGER NOT NULL, rows BLOB NOT NULL,
    PRIMARY KEY (field, value, first)
) WITHOUT ROWID;
CREATE TABLE columns (
    field TEXT NOT NULL, first INTEGER NOT NULL, numbers BLOB NOT NULL,
    PRIMARY KEY (field, first)
) WITHOUT ROWID;
"""

_COMPARISONS: Mapping[str, Callable[[Any, float], Any]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Mask = NDArray[np.bool_]
"""One entry per row: whether it is meant."""
Column = NDArray[np.float64]
"""One entry per row; NaN where there is no number."""


class Filters:
    """The facts of a library's rows."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns: dict[str, Column] = {}

    def add(self, first: int, facts: Sequence[Mapping[str, Fact]]) -> None:
        """Index the facts of a batch of rows, the first of which is ``first``."""
        postings: dict[tuple[str, str], list[int]] = {}
        numbers: dict[str, Column] = {}
        for offset, known in enumerate(facts):
            for field, fact in known.items():
                if isinstance(fact, (str, tuple)):
                    for value in {fact} if isinstance(fact, str) else set(fact):
                        postings.setdefault((field, value), []).append(first + offset)
                else:
                    numbers.setdefault(field, np.full(len(facts), np.nan))[offset] = fact
        lists = ((*place, first, np.array(rows, "<u4").tobytes()) for place, rows in postings.items())
        self._connection.executemany("INSERT INTO postings VALUES (?, ?, ?, ?)", lists)
        columns = ((field, first, column.astype("<f8").tobytes()) for field, column in numbers.items())
        self._connection.executemany("INSERT INTO columns VALUES (?, ?, ?)", columns)
        nothing = np.full(len(facts), np.nan)
        for field, column in self._columns.items():
            self._columns[field] = np.concatenate([column, numbers.get(field, nothing)])

    def forget(self) -> None:
        """Read columns anew: what was added last has been rolled back."""
        self._columns.clear()

    def mask(self, where: Iterable[Predicate], count: int) -> Mask:
        """The rows that meet every condition; a fact that a row doesn't have fails its condition."""
        kept = np.ones(count, bool)
        for predicate in where:
            kept &= self._meeting(predicate, count)
        return kept

    def column(self, field: str, count: int) -> Column:
        """The numbers of a field."""
        if field not in self._columns:
            column = np.full(count, np.nan)
            for first, blob in self._connection.execute("SELECT first, numbers FROM columns WHERE field = ?", (field,)):
                numbers = np.frombuffer(blob, "<f8")
                column[first : first + len(numbers)] = numbers
            self._columns[field] = column
        return self._columns[field]

    def _meeting(self, p: Predicate, count: int) -> Mask:
        if p.op == "in":
            return self._among(p.fact, p.value if isinstance(p.value, tuple) else (), count)
        if isinstance(p.value, float):
            return _compared(self.column(p.fact, count), p.op, p.value)
        if isinstance(p.value, tuple) or p.op not in {"==", "!="}:
            return np.zeros(count, bool)
        having = self._having(p.fact, (p.value,), count)
        return having if p.op == "==" else self._having(p.fact, None, count) & ~having

    def _among(self, field: str, values: Sequence[str | float], count: int) -> Mask:
        """The rows whose field has one of these texts, or is one of these numbers."""
        found = self._having(field, [v for v in values if isinstance(v, str)], count)
        numbers = [v for v in values if not isinstance(v, str)]
        return found | np.isin(self.column(field, count), numbers) if numbers else found

    def _having(self, field: str, values: Iterable[str] | None, count: int) -> Mask:
        """The rows whose field has one of these texts, or any text."""
        rows = np.zeros(count, bool)
        if values is None:
            found = self._connection.execute("SELECT rows FROM postings WHERE field = ?", (field,)).fetchall()
        else:
            sql = "SELECT rows FROM postings WHERE field = ? AND value = ?"
            found = [row for value in values for row in self._connection.execute(sql, (field, value))]
        for (blob,) in found:
            rows[np.frombuffer(blob, "<u4")] = True
        return rows


def _compared(column: Column, op: str, value: float) -> Mask:
    if op == "!=":
        return np.asarray((column != value) & ~np.isnan(column))  # NaN is unlike everything
    return np.asarray(_COMPARISONS[op](column, value), bool)
