"""Tables and files as data of a store: prices with their splits and dividends, and texts with their publication."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from os import fspath
from pathlib import Path

from ..errors import DataError
from . import loaders
from .datum import Batch, Datum, Kind, Value
from .exchange import CRYPTO, US, Exchange
from .moments import moment_of
from .parsing import Location, decimal, decode, read_bytes, short
from .records import Record
from .series import Day, parse_date

CLOSES = ("close", "price", "prices")
ADJUSTED = ("adj close", "adj_close", "adjclose", "adjusted")
DIVIDENDS = ("dividends", "dividend")
SPLITS = ("stock splits", "splits", "split")
TITLES = ("title", "headline")
BODIES = ("text", "body", "content", "summary", "transcript")
PUBLISHERS = ("publisher", "source", "broker")
KEYS = ("id", "url", "link")


@dataclass(frozen=True)
class Told:
    """What a file doesn't say of itself.

    Attributes:
        ticker: Of rows without a column ``ticker``; other rows are then left out.
        exchange: Whose closes make the prices known.
        currency: Of prices without a column ``currency``.
        zone: IANA time zone of moments that name none; without it they are refused.
    """

    ticker: str | None = None
    exchange: Exchange = US
    currency: str | None = None
    zone: str | None = None


def prices(records: Sequence[Record], told: Told, retrieved_at: datetime, source: str) -> Batch:
    """Rows of a table of daily prices.

    Columns, whatever their case: ``date``, a close (:data:`CLOSES`), an adjusted close (:data:`ADJUSTED`), or both;
    optionally ``ticker``, ``currency``, ``dividends``, ``splits`` (the ratio, 4 for four new shares for one) and
    ``known_at``, an ISO moment; with it a date may stand there again with a restated value. A day without a close is
    kept as a gap.
    """
    data = [datum for record in _of(records, told) for datum in _price_data(record, told, source)]
    if not data:
        raise DataError(_nothing(records, told, "prices"))
    missing = [datum for datum in data if datum.kind == "price" and not _priced(datum)]
    gaps = tuple(f"{datum.ticker}: no close of {datum.key}" for datum in missing)
    return Batch(tuple(data), retrieved_at, any("known_at" in record.cells for record in records), gaps=gaps)


def texts(records: Sequence[Record], kind: Kind, told: Told, retrieved_at: datetime, source: str) -> Batch:
    """Rows of a table of news, calls or reports.

    Columns, whatever their case: ``published_at`` (a moment, from which on the text is known), a text (:data:`BODIES`),
    a title (:data:`TITLES`), or both; optionally ``ticker``, a publisher (:data:`PUBLISHERS`), an identity
    (:data:`KEYS`; by default the content's digest) and ``event_time``, if it happened earlier than it was published.
    """
    data = [_text_datum(record, kind, told, source) for record in _of(records, told)]
    if not data:
        raise DataError(_nothing(records, told, f"{kind}s"))
    return Batch(tuple(data), retrieved_at)


def text_file(path: Location, kind: Kind, ticker: str, published_at: datetime, retrieved_at: datetime) -> Batch:
    """A file that is one text, such as the transcript of one call."""
    text = decode(read_bytes(path), fspath(path)).strip()
    if not text:
        raise DataError(f"{fspath(path)}: empty; a {kind} needs a text")
    values: dict[str, Value] = {"title": Path(path).stem, "text": text}
    key = f"{published_at.date()}-{_digest(text)}"
    return Batch((Datum(kind, ticker, key, published_at, published_at, values, "file"),), retrieved_at)


def investorbench(path: Location, told: Told, retrieved_at: datetime, exchange: Exchange | None = None) -> Batch:
    """An INVESTORBENCH file. Its texts carry a date alone and count as known at that day's close, as in the benchmark.

    Args:
        path: The JSON file.
        told: Its ticker (by default the file's name in capitals) and currency.
        retrieved_at: When it was fetched.
        exchange: By default crypto if any day is on a weekend, else New York.
    """
    series = loaders.investorbench(path, told.ticker)
    place = exchange or (CRYPTO if any(day.date.weekday() >= 5 for day in series.days) else US)
    data = [datum for day in series.days for datum in _day_data(series.asset, day, place, told.currency)]
    return Batch(tuple(data), retrieved_at)


def _of(records: Iterable[Record], told: Told) -> list[Record]:
    return [record for record in records if told.ticker is None or _ticker(record, told) == told.ticker]


def _ticker(record: Record, told: Told) -> str:
    ticker = record.cells.get("ticker", told.ticker)
    if ticker is None:
        raise DataError(f"{record.place}: no ticker; name it, or give the table a column 'ticker'")
    return str(ticker).strip().upper()


def _nothing(records: Sequence[Record], told: Told, what: str) -> str:
    if not records:
        return f"no rows, so no {what}; give a table with some"
    there = sorted({_ticker(record, told) for record in records})
    return f"no {what} of the ticker {told.ticker!r}; the table has {', '.join(there)}"


def _price_data(record: Record, told: Told, source: str) -> list[Datum]:
    """The price of a row, and what happened to the share on its day."""
    day = _day(record)
    ticker, closing = _ticker(record, told), told.exchange.closing(day)
    known = moment_of(record.cells["known_at"], record.place, told.zone) if "known_at" in record.cells else closing
    currency = str(record.cells.get("currency", told.currency or "")) or None
    values: dict[str, Value] = {"currency": currency, "exchange": told.exchange.name}
    values |= {"close": _number(record, CLOSES), "adjusted": _number(record, ADJUSTED)}
    if not record.columns & {*CLOSES, *ADJUSTED}:
        raise DataError(f"{record.place}: no price; the table needs a column {' or '.join((*CLOSES, *ADJUSTED))}")
    found = [Datum("price", ticker, str(day), closing, known, values, source)]
    for kind, names, value in (("dividend", DIVIDENDS, "amount"), ("split", SPLITS, "ratio")):
        number = _number(record, names)
        if number:
            said: dict[str, Value] = {value: number} | ({"currency": currency} if kind == "dividend" else {})
            found.append(Datum(kind, ticker, str(day), closing, known, said, source))  # type: ignore[arg-type]
    return found


def _day(record: Record) -> date:
    if "date" not in record.cells:
        raise DataError(f"{record.place}: no date; every row needs one in a column 'date'")
    day = parse_date(record.cells["date"])
    if day is None:
        raise DataError(f"{record.place}: {short(record.cells['date'])} isn't a date; write YYYY-MM-DD")
    return day


def _number(record: Record, names: Sequence[str]) -> float | None:
    cell = record.first(names)
    if cell is None:
        return None
    return decimal(str(cell), record.place)


def _priced(datum: Datum) -> bool:
    return datum.number("close") is not None or datum.number("adjusted") is not None


def _text_datum(record: Record, kind: Kind, told: Told, source: str) -> Datum:
    if "published_at" not in record.cells:
        raise DataError(f"{record.place}: no published_at; without it nobody knows when the text could be read")
    published = moment_of(record.cells["published_at"], record.place, told.zone)
    happened = record.cells.get("event_time")
    event = published if happened is None else moment_of(happened, record.place, told.zone)
    title, text, publisher, key = (record.first(names) for names in (TITLES, BODIES, PUBLISHERS, KEYS))
    if title is None and text is None:
        raise DataError(f"{record.place}: no text; the table needs a column {' or '.join((*BODIES, *TITLES))}")
    values: dict[str, Value] = {"title": _str(title), "text": _str(text), "publisher": _str(publisher)}
    key = key if key is not None else f"{published.isoformat()}-{_digest(str((title, text)))}"
    return Datum(kind, _ticker(record, told), str(key), event, published, values, source)


def _day_data(ticker: str, day: Day, place: Exchange, currency: str | None) -> Iterable[Datum]:
    closing = place.closing(day.date)
    values: dict[str, Value] = {"close": day.price, "currency": currency, "exchange": place.name}
    yield Datum("price", ticker, str(day.date), closing, closing, values, "investorbench")
    for number, text in enumerate(day.news):
        yield Datum("news", ticker, f"{day.date}-{number:03}", closing, closing, {"text": text}, "investorbench")
    for form, parts in (("10-K", day.annual), ("10-Q", day.quarterly)):
        if parts:
            filed: dict[str, Value] = {"form": form, "text": " ".join(parts)}
            yield Datum("filing", ticker, f"{day.date}-{form}", closing, closing, filed, "investorbench")


def _str(value: object) -> str | None:
    return None if value is None else str(value).strip()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
