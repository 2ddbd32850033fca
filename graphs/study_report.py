"""What a study came to: per case the team beside its rivals and beside the paper's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ..memory.journal import Journal
from .rows import Row
from .run import EpisodeSummary, Run
from .significance import Significance, compared
from .study import Case, Study
from .sweep import Sweep

Metrics = Mapping[str, float | None]
RETURN = "CR %"


@dataclass(frozen=True)
class CaseReport:
    """One case, after all its repeats.

    Attributes:
        case: What was run.
        tested: First to last day of the test window, as the data have it.
        team: The medians over the repeats that ended.
        repeats: How many ended.
        in_sample: Whether any test used beliefs of its own time; it should never be.
        rivals: The task's baselines on the same days and costs.
        below: Share of random policies that the median return beats; ``None`` if unknown.
        published: The paper's rows.
        calls: Model calls per decision.
        cost: US dollars per decision; ``None`` if a price is unknown.
        failures: What stopped repeats that didn't end.
    """

    case: Case
    tested: str
    team: Metrics
    repeats: int
    in_sample: bool
    rivals: Mapping[str, Metrics]
    below: float | None
    published: Mapping[str, Metrics]
    calls: float
    cost: float | None
    failures: tuple[str, ...]


@dataclass(frozen=True)
class StudyReport:
    """All cases of a study, and the team against each rival over all of them.

    Attributes:
        study: What was asked for.
        cases: In order.
        against: Cumulative return of the team less that of a rival, paired by case and repeat, by the rival's name.
    """

    study: Study
    cases: tuple[CaseReport, ...]
    against: Mapping[str, Significance]


def report(study: Study, done: Sweep, journal: Journal) -> StudyReport:
    """Put a study's runs together."""
    tested = {row.run: _tested(journal, row.run) for row in done.rows if row.run is not None}
    by_case = {label: [row for row in done.rows if row.values["case"] == label] for label in study.cases}
    cases = [_case(case, by_case[label], tested) for label, case in study.cases.items() if by_case[label]]
    return StudyReport(study, tuple(cases), _against(done.rows, tested))


@dataclass(frozen=True)
class _Tested:
    """A run's evaluation, and what the whole run's calls came to per decision."""

    episode: EpisodeSummary | None
    window: str
    decisions: int


def _tested(journal: Journal, run: str) -> _Tested:
    found = Run.read(journal, run)
    last = next((e for e in found.episodes if e.mode == "evaluate" and e.ended), None)
    parameters = (found.spec.get("evaluation") or {}).get("parameters", {})
    window = f"{parameters['start']}..{parameters['end']}" if {"start", "end"} <= set(parameters) else ""
    return _Tested(last, window, sum(e.steps for e in found.episodes))


def _case(case: Case, rows: Sequence[Row], tested: Mapping[str, _Tested]) -> CaseReport:
    ended = [(row, tested[row.run]) for row in rows if row.run is not None and row.status == "ended"]
    episodes = [t.episode for _, t in ended if t.episode is not None]
    first = episodes[0] if episodes else None
    decisions = sum(t.decisions for _, t in ended)
    costs = [row.cost for row, _ in ended]
    beaten = [e.chance["below"] for e in episodes if e.chance]
    return CaseReport(
        case=case,
        tested=ended[0][1].window if ended else "",
        team=_medians([e.metrics for e in episodes]),
        repeats=len(episodes),
        in_sample=any(e.in_sample for e in episodes),
        rivals=first.baselines if first else {},
        below=median(beaten) if beaten else None,
        published={name: figures.metrics for name, figures in (case.published or {}).items()},
        calls=sum(row.calls for row, _ in ended) / decisions if decisions else 0.0,
        cost=None if None in costs or not decisions else sum(c for c in costs if c is not None) / decisions,
        failures=tuple(dict.fromkeys(row.failure for row in rows if row.failure)),
    )


def _medians(found: Sequence[Metrics]) -> Metrics:
    """Of each metric, over the repeats in which it is defined."""
    names = dict.fromkeys(name for metrics in found for name in metrics)
    known = {name: [v for m in found if (v := m.get(name)) is not None] for name in names}
    return {name: median(values) if values else None for name, values in known.items()}


def _against(rows: Sequence[Row], tested: Mapping[str, _Tested]) -> dict[str, Significance]:
    """The whole team, without anything left out, against each rival."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        episode = tested[row.run].episode if row.run is not None and row.status == "ended" else None
        own = episode.metrics.get(RETURN) if episode else None
        if episode is None or own is None or not row.values["case"].endswith(", full"):
            continue
        for name, metrics in episode.baselines.items():
            if (theirs := metrics.get(RETURN)) is not None:
                pairs.setdefault(name, []).append((own, theirs))
    return {name: compared([a for a, _ in found], [b for _, b in found]) for name, found in pairs.items()}
