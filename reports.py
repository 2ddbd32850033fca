"""Who was handed which belief and why, whether they helped, what a sweep came to: the tables of four commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from .graphs.ablation import BASELINE, Ablation, Trial
from .graphs.arms import Arm, Plan
from .graphs.experiment import Experiment
from .graphs.explanation import Candidate, Explanation
from .graphs.rows import Row
from .graphs.sweep import Sweep
from .memory.belief import Status
from .memory.credit import Lift
from .memory.intervals import Estimate
from .memory.journal import Event
from .memory.memory import BeliefMemory
from .memory.retrieval import Found
from .views import Hanging, columns, money, plain

IN_SAMPLE = "in-sample: beliefs made from an episode's own time were used in it; those returns are no forecast."

# -- why --------------------------------------------------------------------------------------------------------------


def why_json(found: Explanation) -> dict[str, Any]:
    """Every candidate as JSON."""
    candidates = [{**asdict(c.choice), "belief": c.belief.model_dump(mode="json")} for c in found.candidates]
    head = {name: getattr(found, name) for name in ("run", "episode", "agent", "mode", "in_sample", "policy", "tokens")}
    return {**head, "candidates": candidates}


def why_view(found: Explanation) -> RenderableType:
    """Every candidate in a few short lines: what it says, what became of it and why, its scores."""
    label = f"{found.mode}{', in-sample' if found.in_sample else ''}"
    head = [
        f"{found.run}, episode {found.episode} ({label}): what {found.agent} was handed by {found.policy}",
        f"{len(found.taken)} of {len(found.candidates)} beliefs, {found.tokens} tokens in every prompt (estimated)",
    ]
    lines: list[RenderableType] = [plain(line) for line in head]
    for title, some in (("handed", found.taken), ("left", found.left)):
        lines += [Text(f"\n{title}", style="bold"), *(_candidate(c) for c in some)] if some else []
    return Group(*lines)


def _candidate(candidate: Candidate) -> RenderableType:
    b, choice = candidate.belief, candidate.choice
    disputed = (", disputed" if b.status is Status.DISPUTED else "") + (", imagined" if b.imagined else "")
    scores = ", ".join(f"{name} {value:.3g}" for name, value in choice.scores.items())
    told = [plain(line) for line in (b.statement, choice.reason, scores) if line]
    head = plain(f"{b.id}  {b.polarity} {b.aspect}{disputed}  {choice.tokens} tokens")
    return Group(head, Padding(Group(*told), (0, 0, 0, 2)))


# -- lift -------------------------------------------------------------------------------------------------------------


def lifts_json(lifts: Sequence[Lift]) -> list[dict[str, Any]]:
    """Lifts as JSON; an estimate is null where there is nothing to compare."""
    return [asdict(lift) for lift in lifts]


def lifts_view(memory: BeliefMemory, lifts: Sequence[Lift], confidence: float) -> RenderableType:
    """A line per belief, and one per agent below it."""
    if not lifts:
        return "no lifts yet: beliefs are scored in training runs with propagation=HoldOut(...)"
    table = columns("belief", "for", ">with", ">without", ">lift", ">interval", "status")
    beliefs = memory.now()
    for lift in lifts:
        first = lift.agent is None
        status = beliefs[lift.belief].status.value if first and lift.belief in beliefs else ""
        cells = (lift.belief if first else "", lift.agent or "the team", lift.handed, lift.held, *_told(lift.estimate))
        table.add_row(*(plain(cell) for cell in (*cells, status)))
    notes = [
        "lift: mean return of training episodes with the belief, less that of episodes it was held out of",
        f"interval: Welch's, {confidence:.0%}; '-' is unscored, which isn't 0",
    ]
    return Group(table, *(plain(note) for note in notes))


def found_view(found: Sequence[Found]) -> RenderableType:
    """Two lines per belief that a search found, the best first, and what its score is made of if it's told."""
    if not found:
        return "nothing found: no belief meets the conditions"
    lines: list[RenderableType] = []
    for hit in found:
        newer = f"  superseded by {' '.join(hit.superseded_by)}" if hit.superseded_by else ""
        lines += [Hanging(f"{hit.id}  {hit.score:.3f}{newer}"), Hanging(f"  {hit.text}")]
        if hit.parts:
            lines.append(Hanging("  " + "  ".join(f"{name} {value:g}" for name, value in hit.parts.items())))
    return Group(*lines)


def _told(estimate: Estimate | None) -> tuple[str, str]:
    if estimate is None:
        return "-", "-"
    bounded = estimate.low is not None and estimate.high is not None
    return f"{estimate.value:+.4g}", f"{estimate.low:+.4g} .. {estimate.high:+.4g}" if bounded else "-"


# -- ablation ---------------------------------------------------------------------------------------------------------


def ablation_json(found: Ablation) -> dict[str, Any]:
    """Arms and their trials as JSON."""
    totals = ("tokens", "belief_tokens", "cost", "cost_per_decision", "in_sample")
    arms = [{**asdict(arm), **{name: getattr(arm, name) for name in totals}} for arm in found.arms]
    return {"seeds": list(found.seeds), "mode": found.mode, "baseline": BASELINE, "alike": found.alike, "arms": arms}


def ablation_view(found: Ablation, experiment: Experiment) -> RenderableType:
    """A line per arm, and what has to be said about them."""
    table = columns(
        "arm", ">return", f">vs {BASELINE}", ">95% interval", ">tokens", ">beliefs", ">cost", ">a decision", ""
    )
    for arm in found.arms:
        gap, between = _told(arm.difference)
        label = "in-sample" if arm.in_sample else ""
        counts = (f"{arm.tokens:,}", f"{arm.belief_tokens:,}", money(arm.cost), money(arm.cost_per_decision))
        table.add_row(*(plain(cell) for cell in (arm.name, f"{arm.mean:+.4g}", gap, between, *counts, label)))
    return Group(table, *(plain(note) for note in _notes(found, experiment)))


def _notes(found: Ablation, experiment: Experiment) -> list[str]:
    which = "the evaluation" if found.mode == "evaluate" else "the last training episode, which is no held-out test"
    seeds = len(found.seeds)
    return [
        f"return: mean over {seeds} seed{'s' * (seeds != 1)} of {which} of {experiment.name!r}",
        f"vs {BASELINE}: mean difference seed by seed, with a bootstrap interval over the seeds",
        "beliefs: tokens of all belief blocks, estimated as a quarter of their characters",
        *(["few seeds: such an interval is rather too narrow than too wide"] if 1 < seeds < 10 else []),
        *(["all seeds returned the same: this task doesn't depend on them, and one is enough"] if found.alike else []),
        *([IN_SAMPLE] if any(arm.in_sample for arm in found.arms) else []),
    ]


def told(*, quiet: bool) -> Callable[[Trial], None]:
    """A line on standard error per trial that is done."""
    console = Console(stderr=True, quiet=quiet)

    def tell(trial: Trial) -> None:
        how = " (reused)" if trial.reused else ""
        console.print(plain(f"{trial.arm}, seed {trial.seed}: {trial.run} returned {trial.value:+.4f}{how}"))

    return tell


# -- sweep ------------------------------------------------------------------------------------------------------------


def sweep_json(found: Sweep) -> dict[str, Any]:
    """A sweep's rows, and what they have in common over the seeds, as JSON."""
    together = [
        {"values": dict(s.values), "arms": len(s.rows), "ended": s.ended, "cost": s.cost}
        | {"metrics": {name: asdict(spread) for name, spread in s.metrics.items()}}
        for s in found.settings
    ]
    rows = [asdict(row) for row in found.rows]
    told = {"sweep": found.id, "mode": found.mode, "ended": found.ended, "ungathered": found.ungathered}
    return {**told, "settings": together, "rows": rows}


def sweep_view(found: Sweep) -> RenderableType:
    """A line per setting and metric, and what has to be said about the arms."""
    table = columns("arms", ">ended", "metric", ">mean", ">95% interval", ">median", ">cost")
    for setting in found.settings:
        head: tuple[str, str, str] = (setting.label, f"{setting.ended} of {len(setting.rows)}", money(setting.cost))
        for number, (name, spread) in enumerate(setting.metrics.items() or [("-", None)]):
            label, count, cost = head if number == 0 else ("", "", "")
            mean, between = _told(spread.mean if spread else None)
            middle = f"{spread.median:+.4g}" if spread else "-"
            table.add_row(*(plain(cell) for cell in (label, count, name, mean, between, middle, cost)))
    return Group(table, *(plain(note) for note in _sweep_notes(found)))


def _sweep_notes(found: Sweep) -> list[str]:
    reused = sum(row.reused and row.status == "ended" for row in found.rows)
    ended = sum(row.status == "ended" for row in found.rows)
    which = "the evaluation, or else of the last training episode" if found.mode == "train" else "the evaluation"
    shared = sum(len(setting.rows) for setting in found.settings) > len(found.settings)
    return [
        f"{found.id}: {ended} of {len(found.rows)} arms ended" + (f", {reused} of them earlier" if reused else ""),
        f"return: of {which}" + ("; mean, Student's interval and median over the seeds" if shared else ""),
        *([IN_SAMPLE] if any(row.in_sample for row in found.rows) else []),
        *(f"failed: {row.arm}{f' ({row.run})' if row.run else ''}: {row.failure}" for row in found.failed),
        *(
            f"waiting for people's answers, see doxa inbox: {r.arm} ({r.run})"
            for r in found.rows
            if r.status == "waiting"
        ),
        *([] if found.ungathered is None else [f"not all gathered, the same command tries again: {found.ungathered}"]),
        *([] if found.ended else [f"go on with it: doxa sweep --resume {found.id}"]),
    ]


class SweepView:
    """Progress of a sweep: one bar over all arms on a terminal, a line per arm elsewhere."""

    def __init__(self, bars: Progress | None, console: Console) -> None:
        self._bars = bars
        self._console = console
        self._task: TaskID | None = None
        self._calls, self._failed, self._cost = 0, 0, 0.0

    def begun(self, plan: Plan, rows: Sequence[Row]) -> None:
        """Show how many arms there are."""
        if self._bars is not None:
            self._task = self._bars.add_task(f"{plan.name}: arms", total=len(plan.arms), completed=len(rows), told="")
        elif rows:
            self._console.print(plain(f"{len(rows)} of {len(plan.arms)} arms ended earlier"))

    def event(self, arm: Arm, event: Event) -> None:
        """Count calls and what they cost."""
        del arm
        if event.kind == "call":
            self._calls += 1
            self._cost += event.payload["cost"] or 0.0
            self._tell()

    def done(self, row: Row) -> None:
        """Count an arm."""
        self._failed += row.status == "failed"
        if self._bars is None:
            value = "" if row.value is None else f" returned {row.value:+.4f}"
            self._console.print(plain(f"{row.arm}: {row.run or 'not begun'} {row.status}{value}{_why(row)}"))
        elif self._task is not None:
            self._bars.advance(self._task)
            self._tell()

    def note(self, text: str) -> None:
        """Print it."""
        self._console.print(plain(text))

    def _tell(self) -> None:
        if self._bars is not None and self._task is not None:
            told = f"{self._calls:,} calls  ${self._cost:.4f}" + f"  {self._failed} failed" * bool(self._failed)
            self._bars.update(self._task, told=told)


def _why(row: Row) -> str:
    return f": {row.failure}" if row.failure else ""


@contextmanager
def sweep_told(*, quiet: bool) -> Iterator[SweepView]:
    """A view of a sweep's progress on standard error; none that moves where there is no terminal."""
    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal or quiet:
        yield SweepView(None, console)
        return
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, TextColumn("{task.fields[told]}", markup=False), console=console) as bars:
        yield SweepView(bars, console)
