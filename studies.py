"""What studies and walks came to: their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .graphs.run import EpisodeSummary, Run
from .graphs.significance import Significance, compared
from .graphs.study_report import CaseReport, StudyReport
from .graphs.walking import Walked
from .views import HEURISTIC, columns, money, plain

METRICS = ("CR %", "Sharpe", "MDD %")


def study_json(found: StudyReport) -> dict[str, Any]:
    """Cases and comparisons as JSON."""
    return {
        "study": found.study.name,
        "cases": [_case_json(case) for case in found.cases],
        "against": {name: asdict(told) for name, told in found.against.items()},
        "missing": [{"task": m.case.task, "variant": m.case.variant, "reason": m.reason} for m in found.study.missing],
        "notes": list(found.study.notes),
    }


def _case_json(case: CaseReport) -> dict[str, Any]:
    told = {name: value for name, value in asdict(case).items() if name != "case"}
    return {"task": case.case.task, "variant": case.case.variant, **told}


def study_view(found: Sequence[StudyReport], model: str) -> RenderableType:
    """A table per study: each case's team, its rivals on the same days and costs, and the paper's rows."""
    parts: list[RenderableType] = []
    for one in found:
        parts += [Text(f"\n{one.study.name}", style="bold"), _table(one.cases)]
        parts += [plain(f"against {name}: {_significance(told)}") for name, told in one.against.items()]
        parts += [plain(f"left out: {m.case.task}, {m.case.variant}: {m.reason}") for m in one.study.missing]
        parts += [plain(note) for note in one.study.notes]
    rows = [case for one in found for case in one.cases]
    parts += [plain(f"failed: {c.case.task}, {c.case.variant}: {f}") for c in rows for f in c.failures]
    if any(case.in_sample for case in rows):
        parts.append(plain("in-sample: some tests used beliefs of their own time; their returns are no forecast."))
    parts.append(plain("team: the median over the repeats that ended; rows in brackets are the paper's own figures"))
    if model == "heuristic":
        parts.append(plain(f"{HEURISTIC} It shows that the machinery runs, and nothing of the paper's returns."))
    return Group(*parts)


def _table(cases: Sequence[CaseReport]) -> Table:
    table = columns("task", "", *(f">{name}" for name in METRICS), ">random", ">calls", ">cost")
    for case in cases:
        name = "team" if case.case.variant == "full" else case.case.variant
        beaten = "-" if case.below is None else f"{case.below:.0%}"
        ends = (beaten, f"{case.calls:.1f}", money(case.cost))
        _row(table, case.case.task, f"{name}, {case.repeats} x", case.team, ends)
        for rival, metrics in case.rivals.items():
            _row(table, "", rival, metrics)
        for row, metrics in case.published.items():
            _row(table, "", f"[{row}]", metrics)
    return table


def _row(table: Table, task: str, name: str, metrics: Mapping[str, float | None], ends: Sequence[str] = ()) -> None:
    values = ["-" if (v := metrics.get(metric)) is None else f"{v:.3f}" for metric in METRICS]
    table.add_row(*(plain(cell) for cell in (task, name, *values, *(ends or ("",) * 3))))


def _significance(told: Significance) -> str:
    low, high = told.difference.low, told.difference.high
    between = "" if low is None or high is None else f" ({low:+.3f} .. {high:+.3f})"
    p = "too few pairs for a rank test" if told.p is None else f"Wilcoxon p = {told.p:.3f}"
    return f"{told.difference.value:+.3f} % CR{between} over {told.pairs} pairs, {p}"


def walk_json(found: Sequence[Walked]) -> list[dict[str, Any]]:
    """Windows and their tests as JSON."""
    return [
        {
            "train": [each.windows.train.start.isoformat(), each.windows.train.end.isoformat()],
            "test": [each.windows.test.start.isoformat(), each.windows.test.end.isoformat()],
            "run": each.run.id,
            "metrics": dict(_test(each.run).metrics),
            "baselines": {name: dict(m) for name, m in _test(each.run).baselines.items()},
            "chance": _test(each.run).chance,
            "beliefs": _test(each.run).beliefs,
        }
        for each in found
    ]


def walk_view(found: Sequence[Walked]) -> RenderableType:
    """A line per window, then the team against each rival over all of them."""
    rivals = list(_test(found[0].run).baselines)
    table = columns("test", "run", ">CR %", *(f">{name}" for name in rivals), ">random", ">beliefs")
    for each in found:
        test = _test(each.run)
        values = [test.metrics.get("CR %"), *(test.baselines[name].get("CR %") for name in rivals)]
        told = ["-" if v is None else f"{v:.3f}" for v in values]
        beaten = f"{test.chance['below']:.0%}" if test.chance else "-"
        window = f"{each.windows.test.start}..{each.windows.test.end}"
        table.add_row(*(plain(cell) for cell in (window, each.run.id, *told, beaten, test.beliefs)))
    own = [_test(each.run).metrics.get("CR %") or 0.0 for each in found]
    notes = [
        f"against {name}: "
        + _significance(compared(own, [_test(each.run).baselines[name].get("CR %") or 0.0 for each in found]))
        for name in rivals
    ]
    return Group(table, *(plain(note) for note in notes))


def _test(run: Run) -> EpisodeSummary:
    """A run's evaluation."""
    return next(episode for episode in run.episodes if episode.mode == "evaluate")
