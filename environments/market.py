"""Trading one asset, day by day."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, Self, TypedDict, Unpack, get_args

from ..errors import DataError, options
from . import loaders
from .baselines import always
from .indicators import log_return
from .market_views import Feed, Filings, News, Prices, ViewSettings
from .metrics import measure
from .parsing import Location
from .protocol import Choice, Environment, EnvironmentSpec, Json, Outcome, Policy, View
from .series import MarketSeries, Window, close_of, parse_date

if TYPE_CHECKING:
    import pandas as pd

Hold = Literal["flat", "carry"]
Moment = str | date
ACTIONS = ("buy", "hold", "sell")


class MarketOptions(TypedDict, total=False):
    """What every constructor of :class:`Market` takes; :class:`Market` says what they mean."""

    start: Moment | None
    end: Moment | None
    hold: Hold
    costs_bps: float
    max_steps: int | None
    periods: int | None
    sources: Sequence[str] | None
    views: ViewSettings | None


@dataclass(frozen=True)
class Result:
    """What a position brings."""

    pnl: float
    cost: float


class Market(Environment):
    """One asset; every day a position is chosen at the close and held until the next close.

    The actions buy, hold and sell are the positions +1, 0 and -1, set anew each day. An episode has every price day
    from ``start`` to ``end``: N prices make N - 1 steps, and the end of the window truncates it. At step t everything
    dated up to day t can be seen, days before ``start`` included, and nothing later; ``as_of`` is the day's last second
    in UTC (see :data:`~doxa.environments.series.CLOSE`). The position is taken at that day's close, as in FinCon and
    INVESTORBENCH. The episode is the same for every seed.

    Reward components, both with weight 1: ``pnl`` = a_t * ln(p_{t+1} / p_t) and ``cost`` = -bps / 10,000 *
    |a_t - a_{t-1}|, where the position before the first step is 0. ``info`` carries the day's date, price, next price,
    position, log return and, by action, the reward it would have brought; critics and logs see it, agents don't.

    Args:
        series: The asset's days.
        start: First price day, YYYY-MM-DD or a date; a day without a price stands for the next one that has one. By
            default the first there is.
        end: Last price day, likewise the one before; by default the last there is.
        hold: What hold means: ``flat`` is position 0 (INVESTORBENCH), ``carry`` keeps the position of the day before.
        costs_bps: Costs in basis points of every change of the position by one.
        max_steps: Cuts the episode earlier.
        periods: Price days per year, for annualised metrics; by default 365 if any price day of the window is on a
            weekend, else 252. Agents don't see it.
        sources: Which of the sources to show; by default all that the data has.
        views: How much the sources show.

    Raises:
        DataError: The window or a setting can't be used.
    """

    def __init__(
        self,
        series: MarketSeries,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        hold: Hold = "flat",
        costs_bps: float = 0.0,
        max_steps: int | None = None,
        periods: int | None = None,
        sources: Sequence[str] | None = None,
        views: ViewSettings | None = None,
    ) -> None:
        _check(hold, costs_bps, max_steps, periods)
        settings = views or ViewSettings()
        self._window = _window(series, start, end, max_steps)
        self._days = series.days[: self._window.last + 1]
        self._carry, self._fee = hold == "carry", costs_bps / 10_000
        self._feeds = _chosen(_feeds(series, self._window, settings), sources)
        self._now, self._position = self._window.first, 0
        dates = [day.date for day in self._days[self._window.first :]]
        self.spec = EnvironmentSpec(
            id=f"market/{series.asset}",
            task=_task(series.asset, carry=self._carry, costs_bps=costs_bps),
            sources=tuple(feed.source for feed in self._feeds),
            action=Choice(ACTIONS),
            reward={"pnl": 1.0, "cost": 1.0},
            max_steps=len(dates) - 1,
            cautious=None if self._carry else "hold",
            tags={"asset": series.asset, "domain": "finance"},
            parameters={
                "start": dates[0].isoformat(),
                "end": dates[-1].isoformat(),
                "hold": hold,
                "costs_bps": float(costs_bps),
                "periods": periods or (365 if any(day.weekday() >= 5 for day in dates) else 252),
                "views": {**asdict(settings), "horizons": list(settings.horizons)},
                "data": series.digest(self._window.last),
            },
        )

    @classmethod
    def bundled(cls, ticker: str, **settings: Unpack[MarketOptions]) -> Self:
        """One of the 20 US stocks that skfolio ships, adjusted closes 1990-01-02..2022-12-28 (extra ``finance``)."""
        return cls(loaders.bundled(ticker), **settings)

    @classmethod
    def from_investorbench(cls, path: Location, asset: str | None = None, **settings: Unpack[MarketOptions]) -> Self:
        """An INVESTORBENCH file (JSON); see :func:`doxa.environments.loaders.investorbench`."""
        return cls(loaders.investorbench(path, asset), **settings)

    @classmethod
    def from_csv(
        cls, path: Location, asset: str | None = None, price: str | None = None, **settings: Unpack[MarketOptions]
    ) -> Self:
        """A CSV table with the columns date and price; see :func:`doxa.environments.loaders.csv_table`."""
        return cls(loaders.csv_table(path, asset, price), **settings)

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, asset: str = "asset", price: str | None = None, **settings: Unpack[MarketOptions]
    ) -> Self:
        """A pandas frame (extra ``finance``); see :func:`doxa.environments.loaders.frame`."""
        return cls(loaders.frame(frame, asset, price), **settings)

    def metrics(self, rewards: Sequence[float]) -> Mapping[str, float | None]:
        """CR, annualised volatility, MDD and CVaR in per cent, and the Sharpe ratio; see :mod:`.metrics`."""
        found = measure(rewards, self.spec.parameters["periods"])
        return {
            "CR %": _percent(found.cumulative_return),
            "Sharpe": found.sharpe,
            "AV %": _percent(found.annual_volatility),
            "MDD %": _percent(found.max_drawdown),
            "CVaR %": _percent(found.cvar),
        }

    def baselines(self) -> Mapping[str, Policy]:
        """Buying on the first day and keeping it."""
        return {"buy and hold": always("buy")}

    def _begin(self, _: random.Random) -> Outcome:
        self._now, self._position = self._window.first, 0
        return Outcome(self._as_of, self._views(), {})

    def _advance(self, action: Json) -> Outcome:
        position = self._target(action)
        result, info = self._result(position), self._info(position)
        self._now, self._position = self._now + 1, position
        return Outcome(
            self._as_of,
            self._views(),
            {"pnl": result.pnl, "cost": result.cost},
            truncated=self._now == self._window.last,
            info=info,
        )

    @property
    def _as_of(self) -> datetime:
        return close_of(self._days[self._now].date)

    def _views(self) -> dict[str, View]:
        return {feed.source.name: feed.view(self._now) for feed in self._feeds}

    def _target(self, action: str) -> int:
        if action == "hold" and self._carry:
            return self._position
        return {"buy": 1, "hold": 0, "sell": -1}[action]

    def _result(self, position: int) -> Result:
        """What a position brings until the next close; zeros are never negative ones."""
        change = log_return(self._days[self._now].price, self._days[self._now + 1].price)
        return Result(position * change + 0.0, 0.0 - self._fee * abs(position - self._position))

    def _info(self, position: int) -> dict[str, Json]:
        day, following = self._days[self._now], self._days[self._now + 1]
        results = {action: self._result(self._target(action)) for action in ACTIONS}
        return {
            "date": day.date.isoformat(),
            "price": day.price,
            "next_price": following.price,
            "position": position,
            "log_return": log_return(day.price, following.price),
            "hindsight": {action: result.pnl + result.cost for action, result in results.items()},
        }


def _check(hold: object, costs_bps: float, max_steps: int | None, periods: int | None) -> None:
    if hold not in get_args(Hold):
        raise DataError(f"Market: hold is {hold!r}; {options(hold, get_args(Hold))}")
    if not (math.isfinite(costs_bps) and costs_bps >= 0):
        raise DataError(f"Market: costs_bps is {costs_bps}; give basis points, 0 or more")
    for name, value in (("max_steps", max_steps), ("periods", periods)):
        if value is not None and value < 1:
            raise DataError(f"Market: {name} is {value}; give 1 or more, or leave it out")


def _window(series: MarketSeries, start: Moment | None, end: Moment | None, max_steps: int | None) -> Window:
    window = series.window(_date("start", start), _date("end", end))
    if max_steps is None:
        return window
    return Window(window.first, min(window.last, window.first + max_steps))


def _date(name: str, value: Moment | None) -> date | None:
    day = parse_date(value)
    if day is None and value is not None:
        raise DataError(f"Market: {name} is {value!r}; give a date or the text YYYY-MM-DD")
    return day


def _feeds(series: MarketSeries, window: Window, settings: ViewSettings) -> tuple[Feed, ...]:
    """Prices always; texts only if the data have any such column."""
    feeds: list[Feed] = [Prices(series, window, settings)]
    if "news" in series.texts:
        feeds.append(News(series, settings))
    if {"10k", "10q"} & series.texts:
        feeds.append(Filings(series, window, settings))
    return tuple(feeds)


def _chosen(feeds: tuple[Feed, ...], sources: Sequence[str] | None) -> tuple[Feed, ...]:
    """The feeds asked for, in the order of the data's own."""
    known = [feed.source.name for feed in feeds]
    if sources is not None and (isinstance(sources, str) or not sources):
        raise DataError(
            f"Market: sources is {sources!r}; give a list of one or more, or leave it out: {', '.join(known)}"
        )
    for name in sources or ():
        if name not in known:
            raise DataError(f"Market: there is no source {name!r} in the data; {options(name, known)}")
    return feeds if sources is None else tuple(feed for feed in feeds if feed.source.name in sources)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _task(asset: str, *, carry: bool, costs_bps: float) -> str:
    hold = "hold keeps the position you have (none before the first day)" if carry else "hold is no position (0)"
    costs = f" Every change of the position by one costs {costs_bps:g} basis points." if costs_bps else ""
    return (
        f"Trade one asset, {asset}. At every day's close choose the position until the next close: buy is long (+1), "
        f"sell is short (-1), {hold}. The reward is the position times the log return to the next close.{costs}"
    )
