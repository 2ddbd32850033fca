"""The papers' experiments, ready to run: which assets, which windows, which part of the team left out.

A study is a sweep. Its arms are cases - an asset or a portfolio, and a variant of the team - times repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from ..critics.conceptual import ConceptualCritic
from ..critics.cvar import CVaRMonitor
from ..environments.market import Market
from ..environments.portfolio import Portfolio
from ..environments.protocol import Environment, EnvironmentSpec
from ..environments.published import ABLATIONS, INVESTORBENCH, PORTFOLIOS, STOCKS, Figures
from ..environments.series import MarketSeries
from ..errors import DataError, SpecError, options
from ..memory.propagation import ByConcern, Nothing
from ..models.protocol import Model
from .arms import Arm, Plan
from .experiment import Experiment
from .fincon import FinCon, fincon_team
from .graph import EpisodeGraph
from .study_data import Data

Variant = Literal["full", "without CVaR", "without beliefs"]
EPISODES = 4
"""Training episodes; three belief updates, as in the paper."""


@dataclass(frozen=True)
class Span:
    """A window of days, both included."""

    start: date
    end: date

    def within(self, series: Sequence[MarketSeries]) -> Span:
        """As much of it as all of these have.

        Raises:
            DataError: They have none of it.
        """
        start = max(self.start, *(s.days[0].date for s in series))
        end = min(self.end, *(s.days[-1].date for s in series))
        if start >= end:
            names = ", ".join(s.asset for s in series)
            raise DataError(f"the data of {names} have nothing of {self.start}..{self.end}: fetch those days too")
        return Span(start, end)


@dataclass(frozen=True)
class Windows:
    """What a team is trained on, and what it is tested on."""

    train: Span
    test: Span


FINCON = Windows(Span(date(2022, 1, 3), date(2022, 10, 4)), Span(date(2022, 10, 5), date(2023, 6, 10)))
VOLATILE = Windows(Span(date(2022, 1, 17), date(2022, 3, 31)), Span(date(2022, 4, 1), date(2022, 10, 15)))
"""A falling market; the paper's own dates aren't pinned down by what Doxa follows, so these are a choice."""
EQUITIES = Windows(Span(date(2020, 7, 1), date(2020, 9, 30)), Span(date(2020, 10, 1), date(2021, 5, 5)))
COINS = Windows(Span(date(2023, 2, 11), date(2023, 4, 4)), Span(date(2023, 4, 5), date(2023, 11, 5)))
"""INVESTORBENCH's test window of Bitcoin; the days before it, as far as the data go back, are trained on."""


@dataclass(frozen=True)
class Case:
    """One line of a paper's table.

    Attributes:
        assets: One, or those of a portfolio.
        windows: When.
        variant: What of the team is left out.
        published: The paper's rows for it, by name.
    """

    assets: tuple[str, ...]
    windows: Windows
    variant: Variant = "full"
    published: Mapping[str, Figures] | None = None

    @property
    def task(self) -> str:
        """The assets as one name."""
        return "+".join(self.assets)


def _stocks(windows: Windows, published: Mapping[str, Mapping[str, Figures]] | None) -> tuple[Case, ...]:
    return tuple(Case((stock,), windows, published=published[stock] if published else None) for stock in STOCKS)


STUDIES: Mapping[str, tuple[Case, ...]] = {
    "stocks": _stocks(FINCON, STOCKS),
    "portfolios": tuple(Case(tuple(p.split("+")), FINCON, published=rows) for p, rows in PORTFOLIOS.items()),
    "volatile": _stocks(VOLATILE, None),
    "ablations": tuple(
        Case(tuple(task.split("+")), FINCON, variant, {"FinCon": rows[variant]})
        for task, rows in ABLATIONS.items()
        for variant in get_args(Variant)
    ),
    "investorbench": tuple(
        Case((asset,), COINS if asset == "BTC" else EQUITIES, published=rows) for asset, rows in INVESTORBENCH.items()
    ),
}
"""The ready experiments: FinCon's eight stocks, both portfolios, a volatile window, the ablations; INVESTORBENCH's."""


@dataclass(frozen=True)
class Missing:
    """A case that can't be run with the data at hand, and why."""

    case: Case
    reason: str


@dataclass(frozen=True)
class Study:
    """What can be run of a study.

    Attributes:
        name: Its name.
        plan: To be given to :func:`~doxa.graphs.sweep.swept`; ``None`` if nothing can be run.
        cases: By the label of their task and variant, in order.
        missing: What can't be run.
        notes: What differs from the paper: windows cut, assets that stand in for others.
    """

    name: str
    plan: Plan | None
    cases: Mapping[str, Case]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]


def study(name: str, data: Data, model: str | Model = "heuristic", *, repeats: int = 1, masked: bool = False) -> Study:
    """Prepare a study.

    Args:
        name: Of :data:`STUDIES`.
        data: Where the assets' days come from.
        model: For all agents.
        repeats: Runs per case, each with its own seed; the paper reports the median of five.
        masked: Cover the assets' names and all dates, since models may remember what happened.

    Raises:
        SpecError: There is no such study, or nothing to repeat.
    """
    if name not in STUDIES:
        raise SpecError(f"there is no study {name!r}: {options(name, STUDIES)}")
    if repeats < 1:
        raise SpecError(f"repeats is {repeats}; a case has to be run at least once")
    cases: dict[str, Case] = {}
    missing: list[Missing] = []
    notes: dict[str, None] = {}
    for case in STUDIES[name]:
        try:
            notes |= dict.fromkeys(_notes(case, data))
            cases[f"{case.task}, {case.variant}"] = case
        except DataError as error:
            missing.append(Missing(case, str(error)))
    setting = _Setting(data, model, masked)
    over = {"case": tuple(cases), "seed": tuple(map(str, range(repeats)))}
    arms = [
        Arm({"case": label, "seed": seed}, {}, lambda c=case, s=seed: _experiment(name, c, setting, int(s)))  # type: ignore[misc]
        for label, case in cases.items()
        for seed in over["seed"]
    ]
    told = {
        "masked": masked,
        "study": name,
        "data": data.name,
        "model": str(getattr(model, "name", model)),
        "mode": "train",
    }
    plan = Plan(f"study-{name}", "train", over, {**told, "over": [[k, list(v)] for k, v in over.items()]}, tuple(arms))
    return Study(name, plan if arms else None, cases, tuple(missing), tuple(notes))


@dataclass(frozen=True)
class _Setting:
    data: Data
    model: str | Model
    masked: bool


def _experiment(name: str, case: Case, setting: _Setting, seed: int) -> Experiment:
    """A case as an experiment: trained on one window, tested on the other with its beliefs frozen."""
    series = [setting.data.series(asset) for asset in case.assets]
    training = _environment(series, case.windows.train.within(series), masked=setting.masked)
    learns = case.variant != "without beliefs"
    return Experiment(
        environment=training,
        evaluation=_environment(series, case.windows.test.within(series), masked=setting.masked),
        graph=_team(training.spec, case.variant),
        episodes=EPISODES if learns else 1,
        propagation=ByConcern() if learns else Nothing(),
        model=setting.model,
        seed=seed,
        name=f"study-{name}",
    )


def _environment(series: Sequence[MarketSeries], span: Span, *, masked: bool) -> Environment:
    if len(series) == 1:
        return Market(series[0], start=span.start, end=span.end, masked=[] if masked else None)
    return Portfolio(series, start=span.start, end=span.end, masked=masked)


def _team(spec: EnvironmentSpec, variant: Variant) -> EpisodeGraph:
    """FinCon's team, without what the variant leaves out."""
    return fincon_team(
        spec,
        FinCon(
            monitor=None if variant == "without CVaR" else CVaRMonitor(),
            critic=None if variant == "without beliefs" else ConceptualCritic(),
        ),
    )


def _notes(case: Case, data: Data) -> list[str]:
    """What will differ from the paper.

    Raises:
        DataError: The data don't have it.
    """
    series = [data.series(asset) for asset in case.assets]
    found = [
        f"{s.asset} stands in for {a}, which the data don't have"
        for a, s in zip(case.assets, series, strict=True)
        if s.asset != a
    ]
    for what, span in (("training", case.windows.train), ("test", case.windows.test)):
        cut = span.within(series)
        late, early = (cut.start - span.start).days > 4, (span.end - cut.end).days > 4
        if late or early:
            found.append(f"{case.task}: the {what} window is {cut.start}..{cut.end}, not {span.start}..{span.end}")
    return found
