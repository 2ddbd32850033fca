"""Tasks: what can be seen, what can be done, what it is worth.

=============== ==============================================================
module          what is in it
=============== ==============================================================
protocol        ``Environment`` and all it is described with; start here
weather         ``Weather``, a task that needs no data
market          ``Market``, trading one asset on daily prices
market_views    what the market's sources show, and how much (``ViewSettings``)
indicators      momentum, volatility, drawdown, CVaR of prices
series          ``MarketSeries``, checked data of one asset
loaders         market data from JSON, CSV, skfolio's dataset and pandas
parsing         single values of such data
rendering       the text form of views
metrics         CR, Sharpe, volatility, MDD and CVaR of a series of rewards
baselines       playing with a fixed rule: buy and hold, flat
check           ``check_environment``: does an environment keep its promises
promises        each of them
probe           playing the same episode again, to compare
fresh           continuing an episode in a fresh process
randomness      the process's global random state
=============== ==============================================================

Nothing here needs more than the standard library, except ``Market.from_frame``, which needs pandas, and
``Market.bundled``, which reads a file of skfolio's.
"""

from .baselines import Trajectory, always, buy_and_hold, flat, play
from .check import CheckReport, check_environment
from .market import Market
from .market_views import ViewSettings
from .metrics import Metrics, measure
from .protocol import (
    ActionSchema,
    Choice,
    Environment,
    EnvironmentSpec,
    Json,
    Observation,
    Outcome,
    Policy,
    Signal,
    Snapshot,
    Source,
    StepResult,
    View,
)
from .series import Day, MarketSeries
from .weather import Weather

__all__ = [
    "ActionSchema",
    "CheckReport",
    "Choice",
    "Day",
    "Environment",
    "EnvironmentSpec",
    "Json",
    "Market",
    "MarketSeries",
    "Metrics",
    "Observation",
    "Outcome",
    "Policy",
    "Signal",
    "Snapshot",
    "Source",
    "StepResult",
    "Trajectory",
    "View",
    "ViewSettings",
    "Weather",
    "always",
    "buy_and_hold",
    "check_environment",
    "flat",
    "measure",
    "play",
]
