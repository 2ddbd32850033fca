"""From a source's name to what it brings into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, get_args

from ..errors import DataError, options
from . import imports, records
from .data import Added, MarketData
from .datum import Batch, Kind, check_ticker
from .edgar import API, ARCHIVE, Edgar, Window
from .exchange import Exchange, exchange
from .imports import Told
from .moments import known_zone, moment_of
from .series import parse_date
from .yahoo import Yahoo

SourceName = Literal["yahoo", "edgar", "csv", "parquet", "investorbench", "news", "calls", "reports"]
SOURCES: tuple[SourceName, ...] = get_args(SourceName)
NETWORK = ("yahoo", "edgar")
TEXTUAL: dict[str, Kind] = {"news": "news", "calls": "call", "reports": "report"}


@dataclass(frozen=True)
class Order:
    """What is to be fetched.

    Attributes:
        source: From where.
        tickers: Of which assets; for files none means all that they hold.
        file: The file of a source that is one.
        start: First day, of network sources.
        end: Last day, of network sources.
        exchange: Whose closes make prices known; ``None`` is the source's own default.
        currency: Of prices that name none.
        zone: Time zone of moments that name none.
        published_at: Of a file that is one text.
        forms: Of EDGAR.
        user_agent: For EDGAR.
        base_url: A server that answers like the source's own.
    """

    source: str
    tickers: tuple[str, ...] = ()
    file: Path | None = None
    start: str | None = None
    end: str | None = None
    exchange: str | None = None
    currency: str | None = None
    zone: str | None = None
    published_at: str | None = None
    forms: tuple[str, ...] = ("10-K", "10-Q")
    user_agent: str | None = field(default=None, repr=False)
    base_url: str | None = None

    def __post_init__(self) -> None:
        """Check what goes together."""
        if self.source not in SOURCES:
            raise DataError(f"source {self.source!r}: {options(self.source, SOURCES)}")
        for ticker in self.tickers:
            check_ticker(ticker)
        if self.source in NETWORK and (not self.tickers or self.file):
            raise DataError(f"source {self.source}: name one or more tickers, and no file")
        if self.source not in NETWORK and self.file is None:
            raise DataError(f"source {self.source}: name its file with --file")
        if self.zone is not None:
            known_zone(self.zone)

    @property
    def place(self) -> Exchange | None:
        """The exchange, if one is named."""
        return None if self.exchange is None else exchange(self.exchange)


@dataclass(frozen=True)
class Fetched:
    """What came of one ticker, or of one file.

    Attributes:
        subject: The ticker or the file.
        added: What changed.
    """

    subject: str
    added: Added


def now_utc() -> datetime:
    """The wall clock: fetching is the only part of the store that looks at it."""
    return datetime.now(UTC)


def fetch(store: MarketData, order: Order, now: Callable[[], datetime] = now_utc) -> Iterator[Fetched]:
    """Fetch an order into a store, ticker by ticker; what came before a failure is stored."""
    if order.source in NETWORK:
        for ticker in order.tickers:
            yield Fetched(ticker, store.add(_from_network(store, order, ticker, now)))
        return
    for batch in _from_file(order, now()):
        yield Fetched(str(order.file), store.add(batch))


def _from_network(store: MarketData, order: Order, ticker: str, now: Callable[[], datetime]) -> Batch:
    start, end = _day("start", order.start), _day("end", order.end)
    if order.source == "yahoo":
        return Yahoo(order.place, base_url=order.base_url, now=now).fetch(ticker, start, end)
    api, archive = (order.base_url or default for default in (API, ARCHIVE))
    edgar = Edgar(order.user_agent, api=api, archive=archive, now=now)
    stored = {str(row["key"]) for row in store.rows("filing", ticker) if row["source"] == "edgar"}
    return edgar.fetch(ticker, Window(order.forms, start, end), stored)


def _from_file(order: Order, now: datetime) -> list[Batch]:
    """A batch per ticker asked for, or one of all."""
    file = order.file or Path()
    wanted: Sequence[str | None] = order.tickers or (None,)
    if order.source in TEXTUAL and file.suffix.lower() in {".txt", ".md"}:
        return [_text(order, file, now)]
    if order.source == "investorbench":
        if len(wanted) > 1:
            raise DataError(f"{file}: an INVESTORBENCH file holds one asset; name one ticker, or none")
        return [imports.investorbench(file, _told(order, wanted[0]), now, order.place)]
    read = {"csv": records.from_csv, "parquet": records.from_parquet}.get(order.source, records.read_table)
    rows = read(file)
    if order.source in TEXTUAL:
        kind = TEXTUAL[order.source]
        return [imports.texts(rows, kind, _told(order, ticker), now, order.source) for ticker in wanted]
    return [imports.prices(rows, _told(order, ticker), now, order.source) for ticker in wanted]


def _text(order: Order, file: Path, now: datetime) -> Batch:
    if len(order.tickers) != 1 or order.published_at is None:
        raise DataError(f"{file}: a text needs its one ticker and --published-at, the moment from which it was known")
    published = moment_of(order.published_at, "--published-at", order.zone)
    return imports.text_file(file, TEXTUAL[order.source], order.tickers[0], published, now)


def _told(order: Order, ticker: str | None) -> Told:
    place = {} if order.place is None else {"exchange": order.place}
    return Told(ticker=ticker, currency=order.currency, zone=order.zone, **place)


def _day(name: str, value: str | None) -> date | None:
    day = parse_date(value)
    if value is not None and day is None:
        raise DataError(f"{name} is {value!r}; write YYYY-MM-DD")
    return day
