"""Daily prices from Yahoo through yfinance: closes, adjusted closes, dividends and splits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from ..errors import DataError, MissingExtraError
from .datum import Batch, Datum, Value
from .exchange import CRYPTO, US, Exchange

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("Close", "Adj Close", "Dividends", "Stock Splits")


@dataclass(frozen=True)
class Quotes:
    """What yfinance brought of one ticker.

    Attributes:
        frame: Indexed by day, with the columns of :data:`COLUMNS`.
        currency: As Yahoo names it.
    """

    frame: pd.DataFrame
    currency: str | None


class Yahoo:
    """Yahoo Finance.

    Closes are adjusted for splits, adjusted closes for dividends too, both as of the day of fetching. A later fetch
    that brings other values adds them as known from then on.

    Args:
        exchange: Whose closes make the prices known; by default crypto for tickers such as ``BTC-USD``, else New York.
        base_url: Another server that answers like Yahoo's.
        now: The clock; a day that hasn't closed by then is left out.
    """

    def __init__(
        self,
        exchange: Exchange | None = None,
        *,
        base_url: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._exchange, self._base, self._now = exchange, base_url, now

    def fetch(self, ticker: str, start: date | None = None, end: date | None = None) -> Batch:
        """The prices of a ticker from ``start`` to ``end``, both included; by default all there are.

        Raises:
            MissingExtraError: yfinance isn't installed.
            DataError: Yahoo has no prices, doesn't answer, or answers in another form.
        """
        now = self._now()
        place = self._exchange or (CRYPTO if ticker.endswith("-USD") else US)
        quotes = _quotes(ticker, start, end, self._base)
        batch = batch_of(ticker, quotes, place, now)
        if not batch.data:
            raise DataError(
                f"Yahoo has no prices of {ticker!r} from {start or 'the beginning'} to {end or 'today'}; is the ticker "
                "Yahoo's own, and is the network there?"
            )
        covered = now if end is None else min(now, place.closing(end))
        return Batch(batch.data, now, covered=covered, gaps=batch.gaps)


def batch_of(ticker: str, quotes: Quotes, place: Exchange, now: datetime) -> Batch:
    """A frame of yfinance's as data.

    A day without a close is kept as a gap; one that hasn't closed yet is left out.

    Raises:
        DataError: A column is missing.
    """
    frame = quotes.frame
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing and len(frame):
        raise DataError(f"Yahoo's prices of {ticker} have no column {' and no '.join(missing)}; which yfinance is it?")
    data: list[Datum] = []
    gaps: list[str] = []
    for stamp, row in zip(frame.index, frame.to_dict("records"), strict=True):
        day = stamp.date()
        closing = place.closing(day)
        if closing > now:
            continue
        numbers = {name: _number(row[name]) for name in COLUMNS}
        values: dict[str, Value] = {"currency": quotes.currency, "exchange": place.name}
        values |= {"close": numbers["Close"], "adjusted": numbers["Adj Close"]}
        data.append(Datum("price", ticker, str(day), closing, closing, values, "yahoo"))
        if numbers["Close"] is None:
            gaps.append(f"{ticker}: no close of {day}")
        if numbers["Dividends"]:
            paid: dict[str, Value] = {"amount": numbers["Dividends"], "currency": quotes.currency}
            data.append(Datum("dividend", ticker, str(day), closing, closing, paid, "yahoo"))
        if numbers["Stock Splits"]:
            data.append(Datum("split", ticker, str(day), closing, closing, {"ratio": numbers["Stock Splits"]}, "yahoo"))
    return Batch(tuple(data), now, gaps=tuple(gaps))


def _number(cell: Any) -> float | None:  # noqa: ANN401  a cell of a frame
    number = float(cell)
    return number if number == number else None  # noqa: PLR0124  NaN


def _quotes(ticker: str, start: date | None, end: date | None, base_url: str | None) -> Quotes:
    """Ask yfinance, which says some of its failures as exceptions of its own and some as an empty frame."""
    try:
        import yfinance
        from yfinance.data import YfData
        from yfinance.exceptions import YFException
    except ImportError as error:
        raise MissingExtraError("prices from Yahoo", "finance") from error
    YfData.cache_get.cache_clear()  # else a second fetch in one process is told what the first one was
    asked = yfinance.Ticker(ticker, session=_session(base_url) if base_url else None)
    after = None if end is None else end + timedelta(days=1)
    span = {"period": "max"} if start is None and end is None else {"start": start or date(1900, 1, 1), "end": after}
    try:
        frame = asked.history(**span, auto_adjust=False, actions=True, keepna=True)
        return Quotes(frame, asked.history_metadata.get("currency"))
    except (YFException, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"Yahoo's prices of {ticker!r} can't be had ({type(error).__name__}: {str(error)[:200]}); is the ticker "
            "Yahoo's own, and is the network there? what is stored stays"
        ) from error


def _session(base_url: str) -> Any:  # noqa: ANN401  a requests session, imported late
    """A session that sends everything to another server, whichever of Yahoo's it was meant for."""
    import requests

    base = urlsplit(base_url)

    class Elsewhere(requests.Session):  # type: ignore[misc]  # it has no types
        def request(self, method: Any, url: Any, *args: Any, **settings: Any) -> Any:  # noqa: ANN401
            asked = urlsplit(str(url))
            there = urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + asked.path, asked.query, ""))
            return super().request(method, there, *args, **settings)

    return Elsewhere()
