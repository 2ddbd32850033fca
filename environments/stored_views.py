"""What the sources over a store show of a day: only what was known by its close."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..errors import DataError, options
from .datum import Datum
from .market_views import Feed, Prices, ViewSettings
from .protocol import Signal, Source, View
from .rendering import item, view
from .series import MarketSeries, Window, clean
from .stored import StoredSeries
from .timeline import Timeline

TONE = Signal("tone", "buy", "sell", 0.5, tone=True)
FORMS = ("10-K", "10-Q")
REPORTS = 3
"""How many research reports are shown, the newest ones."""


class StoredPrices:
    """The source ``prices``: on every day from the prices as they were known then."""

    def __init__(self, series: StoredSeries, window: Window, settings: ViewSettings) -> None:
        starts = [max(window.first, vintage.first) for vintage in series.vintages]
        ends = [*(start - 1 for start in starts[1:]), window.last]
        self._parts = [
            (start, Prices(_priced(series, vintage.prices), Window(start, end), settings))
            for vintage, start, end in zip(series.vintages, starts, ends, strict=True)
            if start <= end
        ]
        self.source = self._parts[-1][1].source

    def view(self, at: int) -> View:
        """What is known at the close of the day with index ``at``."""
        return next(feed for start, feed in reversed(self._parts) if start <= at).view(at)


class StoredNews:
    """The source ``news``: what was published since the last close."""

    def __init__(self, series: StoredSeries, settings: ViewSettings) -> None:
        self._series, self._settings, self._line = series, settings, series.timelines["news"]
        description = (
            f"News on {series.asset} published since the close before, newest first: at most {settings.news_items} "
            f"items, each cut at {settings.item_chars} characters; items is how many there are in all."
        )
        self.source = Source("news", description, signals=(TONE,))

    def view(self, at: int) -> View:
        """The news known by the close of the day with index ``at`` and not by the one before."""
        moment = self._series.moment(at)
        before = self._series.moment(at - 1) if at else moment - timedelta(days=1)
        found = self._line.between(before, moment)
        day, settings = self._series.days[at].date, self._settings
        newest = sorted(found, key=lambda datum: datum.known_at, reverse=True)[: settings.news_items]
        heading = f"News on {self._series.asset} up to the close of {day}."
        heading = heading if found else f"No news came up to the close of {day}."
        lines = [item(_told(datum), settings.item_chars) for datum in newest]
        return _stamped(view(heading, {"items": str(len(found))}, lines=lines), found, moment)


class StoredFilings:
    """The source ``filings``, or one form of it: the latest filing of each form, from its acceptance on."""

    def __init__(self, series: StoredSeries, settings: ViewSettings, name: str, forms: Sequence[str]) -> None:
        self._series, self._settings, self._forms = series, settings, forms
        line = series.timelines["filing"]
        self._latest = {form: _Newest(line, 1, _of_form(form)) for form in forms}
        description = (
            f"Management's discussion from the latest {' and the latest '.join(forms)} of {series.asset}, each with "
            f"the date on which it was accepted and cut at {settings.filing_chars} characters; days_since is its age."
        )
        self.source = Source(name, description, signals=(TONE,))

    def view(self, at: int) -> View:
        """The filings accepted by the close of the day with index ``at``; what is missing is said."""
        moment = self._series.moment(at)
        lines: list[str] = []
        ages: dict[str, str] = {}
        shown: list[Datum] = []
        for form in self._forms:
            newest = self._latest[form].at(moment)
            shown += newest
            lines += [line for datum in newest for line in self._lines(form, datum)] or [f"No {form} so far."]
            ages |= {f"days_since_{_plain(form)}": str((moment - datum.known_at).days) for datum in newest}
        return _stamped(view(f"Filings of {self._series.asset} known so far.", ages, lines=lines), shown, moment)

    def _lines(self, form: str, datum: Datum) -> list[str]:
        if not datum.text("text"):
            why = datum.text("gap") or "it has no text"
            return [f"Gap in the data: the {form} of {datum.known_at.date()} can't be shown: {why}"]
        text = item(clean(datum.text("text")), self._settings.filing_chars)
        return [f"{form} of {datum.known_at.date()}:", text]


class StoredTexts:
    """The sources ``calls`` and ``reports``: the newest texts of a kind."""

    def __init__(self, series: StoredSeries, settings: ViewSettings, name: str) -> None:
        self._series, self._settings, self._name = series, settings, name
        count, self._what = (1, "transcript of an earnings call") if name == "calls" else (REPORTS, "research report")
        self._newest = _Newest(series.timelines["call" if name == "calls" else "report"], count)
        description = (
            f"The newest {count if count > 1 else ''} {self._what}{'s' * (count > 1)} on {series.asset}, cut at "
            f"{settings.filing_chars} characters; days_since_{name[:-1]} is the age of the newest."
        )
        self.source = Source(name, " ".join(description.split()), signals=(TONE,))

    def view(self, at: int) -> View:
        """The texts published by the close of the day with index ``at``."""
        moment = self._series.moment(at)
        found = self._newest.at(moment)
        if not found:
            return _stamped(view(f"No {self._what} on {self._series.asset} so far.", {}), (), moment)
        lines = [
            line
            for datum in found
            for line in (f"Published {datum.known_at.date()}:", item(_told(datum), self._settings.filing_chars))
        ]
        ages = {f"days_since_{self._name[:-1]}": str((moment - found[0].known_at).days)}
        heading = f"{self._what.capitalize()}{'s' * (len(found) > 1)} on {self._series.asset}."
        return _stamped(view(heading, ages, lines=lines), found, moment)


@dataclass(frozen=True)
class _Since:
    """What was newest from a moment on."""

    known_at: datetime
    data: tuple[Datum, ...]


class _Newest:
    """The newest things at any moment, each in the version known then; newest is what happened last."""

    def __init__(self, line: Timeline, count: int, wanted: Callable[[Datum], bool] = lambda _: True) -> None:
        self._steps: list[_Since] = []
        known: dict[str, Datum] = {}
        for datum in filter(wanted, line.data):
            known[datum.key] = datum
            ranked = sorted(known.values(), key=lambda d: (d.event_time, d.key), reverse=True)[:count]
            known = {d.key: d for d in ranked}
            self._steps.append(_Since(datum.known_at, tuple(ranked)))

    def at(self, moment: datetime) -> tuple[Datum, ...]:
        """What was newest at a moment."""
        count = bisect_right(self._steps, moment, key=lambda step: step.known_at)
        return self._steps[count - 1].data if count else ()


def stored_feeds(
    series: StoredSeries, window: Window, settings: ViewSettings, names: Sequence[str] | None
) -> tuple[Feed, ...]:
    """The feeds asked for; by default prices and those of which anything is known by the window's end."""
    makers = _makers(series, window, settings)
    if names is not None and (isinstance(names, str) or not names):
        raise DataError(f"Market: sources is {names!r}; give a list of one or more of {', '.join(makers)}")
    for name in names or ():
        if name not in makers:
            raise DataError(f"Market: no source {name!r} over a store; {options(name, makers)}")
    chosen = _present(series, window) if names is None else names
    return tuple(make() for name, make in makers.items() if name in chosen)


def _makers(series: StoredSeries, window: Window, settings: ViewSettings) -> dict[str, Callable[[], Feed]]:
    return {
        "prices": lambda: StoredPrices(series, window, settings),
        "news": lambda: StoredNews(series, settings),
        "filings": lambda: StoredFilings(series, settings, "filings", FORMS),
        "filings_10k": lambda: StoredFilings(series, settings, "filings_10k", FORMS[:1]),
        "filings_10q": lambda: StoredFilings(series, settings, "filings_10q", FORMS[1:]),
        "calls": lambda: StoredTexts(series, settings, "calls"),
        "reports": lambda: StoredTexts(series, settings, "reports"),
    }


def _present(series: StoredSeries, window: Window) -> set[str]:
    kinds = {"news": "news", "filing": "filings", "call": "calls", "report": "reports"}
    end = series.moment(window.last)
    return {"prices"} | {kinds[kind] for kind, line in series.timelines.items() if line.at(end).data}


def _priced(series: StoredSeries, prices: Sequence[float]) -> MarketSeries:
    days = tuple(replace(day, price=price) for day, price in zip(series.days, prices, strict=True))
    return replace(series, days=days)


def _told(datum: Datum) -> str:
    """Title and text in one line; a title that the text opens with isn't repeated."""
    title, text = clean(datum.text("title")), clean(datum.text("text"))
    return text if text.startswith(title) else f"{title}: {text}" if text else title


def _stamped(shown: View, data: Iterable[Datum], moment: datetime) -> View:
    """A view with the times of its data; that there are none is known as of the moment."""
    data = tuple(data)
    event = max((datum.event_time for datum in data), default=moment)
    return replace(shown, event_time=event, known_at=max((datum.known_at for datum in data), default=moment))


def _of_form(form: str) -> Callable[[Datum], bool]:
    """Whether a filing is of a form, or an amendment of it."""
    return lambda datum: datum.text("form").startswith(form)


def _plain(form: str) -> str:
    return form.replace("-", "").lower()
