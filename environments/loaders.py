"""Market data from files, from skfolio's dataset and from pandas.

Whatever can't be used is a :class:`~doxa.errors.DataError` that names the file, the line or date, what is allowed and
what to do about it.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, MissingExtraError, options
from .parsing import Location, decimal, decode, make_day, read_bytes, short
from .series import TEXT_KINDS, Day, MarketSeries, TextKind

if TYPE_CHECKING:
    import pandas as pd

PRICE_COLUMNS = ("price", "prices", "adj close", "adj_close", "adjclose", "close")
"""Names under which a table's price is looked for, in this order, whatever their case: adjusted before plain closes."""


def investorbench(path: Location, asset: str | None = None) -> MarketSeries:
    """An INVESTORBENCH file: ``{"YYYY-MM-DD": {"prices": float, "news": [str], "10k": [str], "10q": [str]}}``.

    Args:
        path: The JSON file.
        asset: Name of the asset; by default the file's name in capitals.
    """
    origin = fspath(path)
    content = _json_object(decode(read_bytes(path), origin), origin)
    days = [_json_day(key, value, origin) for key, value in content.items()]
    texts = frozenset(kind for kind in TEXT_KINDS if any(kind in value for value in content.values()))
    return MarketSeries(asset or Path(path).stem.upper(), tuple(days), texts, origin)


def csv_table(path: Location, asset: str | None = None, price: str | None = None) -> MarketSeries:
    """A comma-separated UTF-8 table with a header line.

    Columns: ``date`` (YYYY-MM-DD), a price (one of :data:`PRICE_COLUMNS`, or the one named ``price``), and optionally
    ``news``, ``10k`` and ``10q``, whose cells hold one item per line. Upper and lower case are the same; other columns
    are ignored.
    """
    origin = fspath(path)
    return _table(decode(read_bytes(path), origin), origin, asset or Path(path).stem.upper(), price)


def bundled(ticker: str, package: str = "skfolio") -> MarketSeries:
    """The adjusted closes 1990-01-02..2022-12-28 of one of 20 US stocks, from the dataset that skfolio ships.

    The file is read without importing skfolio, which takes many seconds.

    Raises:
        MissingExtraError: skfolio isn't installed.
        DataError: It has no such ticker.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("Market.bundled", "finance")
    path = Path(found.submodule_search_locations[0], "datasets", "data", "sp500_dataset.csv.gz")
    origin = f"{package}'s sp500 dataset"
    try:
        text = decode(gzip.decompress(read_bytes(path)), origin)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged ({error}); install {package} again") from error
    tickers = text.partition("\n")[0].strip().split(",")[1:]
    if ticker not in tickers:
        raise DataError(f"{origin}: no ticker {ticker!r}; {options(ticker, tickers)}")
    return _table(text, origin, ticker, ticker)


def frame(table: pd.DataFrame, asset: str = "asset", price: str | None = None) -> MarketSeries:
    """A pandas frame with a ``DatetimeIndex`` or a ``date`` column; the other columns as in :func:`csv_table`.

    A cell of text holds a string (one item), a list of strings, or nothing (None, NaN). Time zones of timestamps are
    kept: a timestamp counts for the calendar day that it shows.

    Raises:
        MissingExtraError: pandas isn't installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("Market.from_frame", "finance") from error
    origin = f"frame of {asset}"
    if not isinstance(table, pd.DataFrame):
        raise DataError(f"{origin}: a {type(table).__name__} isn't a pandas DataFrame; give a frame with prices")
    has_index = isinstance(table.index, pd.DatetimeIndex)
    columns = _columns([str(name) for name in table.columns], origin, price, dated=has_index)
    dates = list(table.index) if has_index else table.iloc[:, columns.date].tolist()
    prices = table.iloc[:, columns.price].tolist()
    texts = {kind: table.iloc[:, at].tolist() for kind, at in columns.texts.items()}
    days = [
        make_day(
            None if pd.isna(dates[row]) else dates[row],
            prices[row],
            {kind: _frame_items(cells[row]) for kind, cells in texts.items()},
            f"{origin}, row {row}",
        )
        for row in range(len(table))
    ]
    return MarketSeries(asset, tuple(days), frozenset(texts), origin)


def _frame_items(cell: object) -> object:
    """A cell of text as a list; ``!=`` finds NaN whatever its type."""
    if cell is None or (not isinstance(cell, str | list | tuple) and cell != cell):  # noqa: PLR0124
        return []
    return [cell] if isinstance(cell, str) else list(cell) if isinstance(cell, tuple) else cell


@dataclass(frozen=True)
class _Columns:
    """Where in a table what stands; ``date`` is -1 if the index holds the dates."""

    date: int
    price: int
    texts: Mapping[TextKind, int]


def _columns(names: Sequence[str], origin: str, price: str | None, *, dated: bool = False) -> _Columns:
    low = [name.strip().lower() for name in names]
    twice = next((name for name in low if low.count(name) > 1 and name in {"date", *PRICE_COLUMNS, *TEXT_KINDS}), None)
    if twice:
        raise DataError(f"{origin}: the column {twice!r} is there twice; keep one")
    if not dated and "date" not in low:
        raise DataError(
            f"{origin}: no column 'date' among {', '.join(names) or 'no columns'}; name the dates' column so"
        )
    wanted = PRICE_COLUMNS if price is None else (price.strip().lower(),)
    at = next((low.index(name) for name in wanted if name in low), None)
    if at is None:
        raise DataError(
            f"{origin}: no price column among {', '.join(names) or 'no columns'}; "
            f"call it {' or '.join(map(repr, wanted))}"
        )
    return _Columns(
        -1 if dated else low.index("date"), at, {kind: low.index(kind) for kind in TEXT_KINDS if kind in low}
    )


def _table(text: str, origin: str, asset: str, price: str | None) -> MarketSeries:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows, None)
        if header is None:
            raise DataError(f"{origin}: empty; expected a header line with the columns date and price")
        columns = _columns(header, origin, price)
        days = tuple(_row(row, columns, origin, rows.line_num) for row in rows if row)
    except csv.Error as error:
        raise DataError(f"{origin}, line {rows.line_num}: not a CSV line ({error}); mend its quotes") from error
    return MarketSeries(asset, days, frozenset(columns.texts), origin)


def _row(row: Sequence[str], columns: _Columns, origin: str, line: int) -> Day:
    cells = dict(enumerate(row))
    place = f"{origin}, line {line}"
    texts = {kind: cells.get(at, "").splitlines() for kind, at in columns.texts.items()}
    return make_day(cells.get(columns.date, ""), decimal(cells.get(columns.price, ""), place), texts, place, line)


def _json_object(text: str, origin: str) -> dict[str, Any]:
    """The outermost object, which is all that a file may be."""
    if not text.strip():
        raise DataError(f"{origin}: empty; expected a JSON object of dates")
    try:
        content = json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, origin))
    except json.JSONDecodeError as error:
        raise DataError(f"{origin}, line {error.lineno}: not JSON ({error.msg}, column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{origin}: not usable JSON ({error})") from error
    if not isinstance(content, dict):
        raise DataError(f"{origin}: a JSON {type(content).__name__}; expected an object of dates")
    for key, value in content.items():
        if not isinstance(value, dict):
            raise DataError(f"{origin}: {key} holds {short(value)}; expected an object with 'prices'")
    return content


def _unique(pairs: Iterable[tuple[str, Any]], origin: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise DataError(f"{origin}: the key {key!r} is there twice in one object; keep one")
        found[key] = value
    return found


def _json_day(key: str, value: Mapping[str, Any], origin: str) -> Day:
    place = f"{origin}, {key}"
    if "prices" not in value:
        raise DataError(f"{place}: no 'prices'; every date needs one: add it or leave the date out")
    return make_day(key, value["prices"], {kind: value.get(kind) for kind in TEXT_KINDS}, place)
