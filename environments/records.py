"""Tables of anything as rows by column name: from CSV, from Parquet, from pandas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, MissingExtraError
from . import parquet
from .parsing import Location, decode, read_bytes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Record:
    """One row.

    Attributes:
        place: How messages name it.
        cells: By lower-case column name; what is empty isn't there.
        columns: Names of all columns of the table.
    """

    place: str
    cells: Mapping[str, Any]
    columns: frozenset[str] = frozenset()

    def first(self, names: Sequence[str]) -> object:
        """The first of some columns that has a value, or ``None``."""
        return next((self.cells[name] for name in names if name in self.cells), None)


def from_csv(path: Location) -> list[Record]:
    """The rows of a UTF-8 table with a header line."""
    origin = fspath(path)
    rows = csv.reader(io.StringIO(decode(read_bytes(path), origin), newline=""), strict=True)
    try:
        header = next(rows, None)
        if header is None:
            raise DataError(f"{origin}: empty; expected a header line with the names of the columns")
        names = _names(header, origin)
        return [_record(f"{origin}, line {rows.line_num}", names, row) for row in rows if row]
    except csv.Error as error:
        raise DataError(f"{origin}, line {rows.line_num}: not a CSV line ({error}); mend its quotes") from error


def from_parquet(path: Location) -> list[Record]:
    """The rows of any Parquet file."""
    origin = fspath(path)
    pa = parquet.libraries()
    data = read_bytes(path)
    try:
        table = pa.parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{origin}: not a Parquet file that can be read ({str(error)[:120]})") from error
    names = _names(table.column_names, origin)
    columns = [column.to_pylist() for column in table.columns]
    return [_record(f"{origin}, row {at}", names, row) for at, row in enumerate(zip(*columns, strict=True))]


def from_frame(frame: pd.DataFrame, origin: str = "frame") -> list[Record]:
    """The rows of a pandas frame; an index with dates is the column ``date`` if there is none of that name.

    Raises:
        MissingExtraError: pandas isn't installed.
        DataError: It isn't a frame.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("reading a frame", "finance") from error
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{origin}: a {type(frame).__name__} isn't a pandas DataFrame")
    names = _names([str(name) for name in frame.columns], origin)
    columns = [frame.iloc[:, at].tolist() for at in range(len(names))]
    if isinstance(frame.index, pd.DatetimeIndex) and "date" not in names:
        names, columns = ["date", *names], [list(frame.index), *columns]
    return [_record(f"{origin}, row {at}", names, row) for at, row in enumerate(zip(*columns, strict=True))]


def read_table(path: Location) -> list[Record]:
    """A file by its ending: ``.parquet`` or ``.pq``, else CSV."""
    return from_parquet(path) if Path(path).suffix.lower() in {".parquet", ".pq"} else from_csv(path)


def _names(header: Iterable[str], origin: str) -> list[str]:
    names = [name.strip().lower() for name in header]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{origin}: the column {twice!r} is there twice; keep one")
    return names


def _record(place: str, names: Sequence[str], row: Sequence[object]) -> Record:
    cells = {name: cell for name, cell in zip(names, row, strict=False) if not _empty(cell)}
    return Record(place, cells, frozenset(names))


def _empty(cell: object) -> bool:
    """Whether a cell holds nothing; NaN and NaT differ from themselves."""
    if isinstance(cell, str):
        return cell.strip().lower() in {"", "nan"}
    return cell is None or (not isinstance(cell, list | tuple) and cell != cell)  # noqa: PLR0124
