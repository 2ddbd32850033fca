"""What the command line shows: tables for people, JSON for programs; :mod:`doxa.live` shows runs as they go.

Everything a model or a stranger wrote passes through :func:`plain` on its way to a terminal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from .environments.actions import written
from .escapes import for_json, terminal
from .graphs.run import EpisodeSummary, Gap, Illegal, Run, going_on
from .memory.belief import Belief, Evidence
from .memory.memory import BeliefMemory

HEURISTIC = (
    "The heuristic model is transparent rules and no LLM; for one set a key and name it in the experiment, as in "
    'model="openai/gpt-5-mini".'
)

UNREPEATABLE = "Not deterministic: the environment may go another way next time; the run can't be resumed or replayed."
_HANG = 4
"""How much further in the rest of a broken line stands."""
_WIDEST = 10_000
"""Columns of a terminal that every table fits."""
SWEEP = "sweep"
"""The mode of what stands for a whole sweep."""
Values = Mapping[str, float | None]


def show(data: object, view: RenderableType, *, as_json: bool) -> None:
    """Print the one or the other on standard output."""
    console = Console()
    if as_json:
        console.file.write(for_json(data) + "\n")
    elif isinstance(view, str):
        console.print(view, markup=False, highlight=False, soft_wrap=True)
    else:
        console.print(view)


def on_terminal(view: RenderableType) -> None:
    """Show something beside a command's output, on standard error."""
    Console(stderr=True).print(view)


def plain(text: object) -> Text:
    """Text without markup or control characters."""
    return Text(terminal(text))


@dataclass(frozen=True)
class Hanging:
    """A line that stands further in where it has to be broken; spaces before it stay.

    Attributes:
        text: The line, which may be anyone's.
    """

    text: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = plain(self.text)
        if whole.cell_len <= options.max_width:
            yield whole
            return
        body = self.text.lstrip(" ")
        margin = len(self.text) - len(body)
        room = max(20, options.max_width - margin - _HANG)
        for number, line in enumerate(plain(body).wrap(console, room)):
            line.rstrip()
            yield Text(" " * (margin + _HANG * bool(number))) + line


# -- runs -------------------------------------------------------------------------------------------------------------


def run_json(run: Run) -> dict[str, Any]:
    """A run as JSON."""
    return {**asdict(run), "in_sample": run.in_sample, "status": run.status}


def runs_json(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs as JSON."""
    return [run_json(run) for run in runs]


def runs_table(runs: Sequence[Run]) -> RenderableType:
    """A line per run."""
    if not runs:
        return "no runs yet: doxa train SPEC"
    arms = Counter(str(run.reference["sweep"]) for run in runs if "sweep" in run.reference)
    last = "arm" if arms else "digest"  # both don't fit a terminal
    table = columns("run", "mode", "status", ">episodes", ">return", ">calls", ">cost", last)
    for run in _grouped(runs):
        value = f"{run.episodes[-1].value:+.4f}" if run.episodes else ""
        cells = (run.id, run.mode, run.status, len(run.episodes), value, run.calls, money(run.cost))
        arm = str(run.reference.get("label", f"{arms[run.id]} begun" if run.mode == SWEEP else ""))
        table.add_row(*(plain(cell) for cell in (*cells, arm if arms else run.digest[:12])))
    waiting = [run for run in runs if not run.ended and "sweep" not in run.reference]
    return Group(table, *(plain(what_next(run)) for run in waiting))


def what_next(run: Run) -> str:
    """What to do about a run that hasn't ended."""
    command = going_on(run.id, run.reference)
    if run.status == "waiting":
        count = "an answer" if len(run.waiting) == 1 else f"{len(run.waiting)} answers"
        return f"{run.id} is waiting for {count}: doxa inbox; then {command}"
    if run.mode == SWEEP:
        return f"go on with it: doxa sweep --resume {run.id}"
    return f"go on with it: {command}"


def _grouped(runs: Sequence[Run]) -> list[Run]:
    """Runs in their order, but a sweep's arms right after it."""
    started = {run.id: number for number, run in enumerate(runs)}
    return sorted(runs, key=lambda run: started.get(str(run.reference.get("sweep")), started[run.id]))


def run_view(run: Run) -> RenderableType:
    """What a run came to: episodes, metrics beside baselines, cost, what is left to say."""
    head = f"{run.id} ({run.mode}{', with the beliefs of ' + run.parent if run.parent else ''})"
    notes = [
        *([HEURISTIC] if "heuristic" in json.dumps(run.spec.get("model")) else []),
        f"{run.calls} model calls, {run.tokens} tokens, {money(run.cost)}; digest {run.digest[:16]}",
        *(
            ["In-sample: beliefs made from an episode's own time were used in it; those returns are no forecast."]
            * run.in_sample
        ),
        *([UNREPEATABLE] if not run.repeatable else []),
        *(
            [f"interrupted: {going_on(run.id, run.reference)}"]
            if run.status == "interrupted" and run.repeatable
            else []
        ),
        *([what_next(run)] if run.status == "waiting" else []),
        *([f"{run.reused} of the calls were answered by another run's journal, for nothing"] if run.reused else []),
        *(f"ambiguous, sent without a recorded answer: {call}" for call in run.unanswered),
        *(f"stopped by {failure}" for failure in run.failures if failure.stopped and not run.ended),
        *_gaps(run.gaps),
        *_illegal(run.illegal),
        *(f"{n} deceiving characters were taken out of {source}" for source, n in run.neutralised.items()),
    ]
    parts: list[RenderableType] = [plain(head), _episodes_table(run.episodes)]
    parts += [_metrics_table(episode) for episode in run.episodes[-1:] if episode.baselines]
    parts += [plain(_chance(episode.chance)) for episode in run.episodes[-1:] if episode.chance]
    return Group(*parts, *(Hanging(note) for note in notes))


def _chance(chance: Mapping[str, float]) -> str:
    return (
        f"The return beats {chance['below']:.1%} of {chance['draws']:,} random policies "
        f"(median {chance['median']:+.4f}, highest {chance['highest']:+.4f})."
    )


def _gaps(gaps: Sequence[Gap]) -> list[str]:
    """A line per agent that a run went on without, and why."""
    counts = Counter((gap.agent, gap.failure, gap.action if gap.action is None else str(gap.action)) for gap in gaps)
    return [
        f"gap: {agent}, {count} x {failure}" + (f"; safe action taken: {action}" if action else "")
        for (agent, failure, action), count in sorted(counts.items(), key=lambda item: str(item[0]))
    ]


def _illegal(found: Sequence[Illegal]) -> list[str]:
    """A line per illegal action and what came of it."""
    counts = Counter((written(one.action), one.then) for one in found)
    return [f"illegal action {action}: {count} x {INSTEAD[then]}" for (action, then), count in sorted(counts.items())]


INSTEAD = MappingProxyType(
    {
        "retry": "asked again",
        "default": "default action taken",
        "forfeit": "episode forfeited",
        "stop": "stopped",
        "boundary": "beyond your limits, cautious action taken",
    }
)
"""What came of an illegal action, in words."""


def _episodes_table(episodes: Sequence[EpisodeSummary]) -> Table:
    table = columns(">episode", "mode", "environment", ">steps", ">return", ">beliefs", ">alerts", "")
    for e in episodes:
        label = "in-sample" if e.in_sample else "" if e.ended else "not ended"
        cells = (e.number, e.mode, e.environment, e.steps, f"{e.value:+.4f}", e.beliefs, e.alerts, label)
        table.add_row(*(plain(cell) for cell in cells))
    return table


def _metrics_table(episode: EpisodeSummary) -> Table:
    """The last episode's metrics beside those of the baselines on the same window."""
    names = list(episode.metrics)
    table = columns("", *(f">{name}" for name in names))
    rows: dict[str, Values] = {"doxa": episode.metrics, **episode.baselines}
    for label, values in rows.items():
        cells = ("-" if (v := values.get(name)) is None else f"{v:.3f}" for name in names)
        table.add_row(plain(label), *(plain(cell) for cell in cells))
    return table


def money(cost: float | None) -> str:
    """US dollars; an unknown price is said, never shown as 0."""
    return "cost unknown" if cost is None else f"${cost:.4f}" if cost else "$0"


# -- beliefs ----------------------------------------------------------------------------------------------------------


def beliefs_json(memory: BeliefMemory) -> list[dict[str, Any]]:
    """Beliefs as JSON."""
    return [belief.model_dump(mode="json") | {"strength": belief.credence.mean} for belief in memory.beliefs()]


def beliefs_table(memory: BeliefMemory) -> RenderableType:
    """Two lines per belief, the strongest in force first."""
    beliefs = memory.beliefs()
    if not beliefs:
        return "no beliefs: critics propose them from the second training episode on, where the steps tell something"
    lines: list[RenderableType] = []
    for b in sorted(beliefs, key=lambda b: (b.status.value, -b.credence.mean, b.id)):
        marks = "".join(
            f", {mark}" for mark, on in (("pinned", b.pinned), ("tainted", b.tainted), ("imagined", b.imagined)) if on
        )
        head = f"{b.id}  {b.status.value}{marks}  credence {b.credence.mean:.2f}  {b.polarity} {b.aspect}"
        lines += [Hanging(head), Hanging(f"  {told(b)}")]
        lines += [Hanging(f"  held back, {b.held_back}; doxa belief approve")] if b.held_back else []
    return Group(*lines)


def told(belief: Belief) -> str:
    """What a belief says; a behaviour with its name, a hint or a person's feedback as such."""
    if belief.kind == "behaviour":
        return f"behaviour {belief.concept}: {belief.statement}"
    return belief.statement if belief.kind == "belief" else f"{belief.kind}: {belief.statement}"


def belief_json(memory: BeliefMemory, belief: str) -> dict[str, Any]:
    """One belief with its history, as JSON."""
    found = memory.get(belief)
    history = [asdict(event) for event in memory.history(found.id)]
    return {"belief": found.model_dump(mode="json"), "history": history}


def belief_view(memory: BeliefMemory, belief: str) -> RenderableType:
    """One belief: what it says, its evidence, what happened to it, where it went and why."""
    b = memory.get(belief)
    lines = [
        f"{b.id}  {b.status.value}{', pinned' if b.pinned else ''}{', tainted' if b.tainted else ''}"
        + (", imagined" if b.imagined else ""),
        *([f"held back, {b.held_back}"] if b.held_back else []),
        told(b),
        f"aspect {b.aspect}, {b.polarity}; by {b.author}{_asked(b)}, known at {b.known_at or 'no clock'}",
        *_bounds(b),
        f"credence {b.credence.mean:.2f}, a Beta({b.credence.alpha:g}, {b.credence.beta:g})",
        *(f"derived from {other}" for other in b.parents),
        *(f"supersedes {other}" for other in b.supersedes),
        *(f"contradicts {other}" for other in b.contradicts),
        "evidence:",
        *(f"  {e.run} episode {e.episode}{_steps(e.steps)}{_gain(e)}  {e.note}" for e in b.evidence),
        "history:",
        *(f"  episode {h.episode}: {h.what}" for h in memory.history(b.id)),
    ]
    return Group(*(Hanging(line) for line in lines))


def _asked(belief: Belief) -> str:
    """The critic's model and request, if there was one."""
    return f" ({belief.model}, request {belief.prompt[:12]})" if belief.model or belief.prompt else ""


def _bounds(belief: Belief) -> Iterator[str]:
    """When a belief applies, and for how long."""
    yield from (f"when {p}" for p in belief.scope.when)
    yield from (f"unless {p}" for p in belief.scope.unless)
    yield from (f"must apply where {each}" for each in belief.examples.fire)
    yield from (f"mustn't apply where {each}" for each in belief.examples.quiet)
    if belief.valid_from or belief.valid_to:
        yield f"valid from {belief.valid_from or 'ever'} until {belief.valid_to or 'ever'}"
    came = "" if belief.recorded is None else f"recorded after episode {belief.recorded}"
    went = "" if belief.retracted is None else f"retracted after episode {belief.retracted}"
    if came or went:
        yield ", ".join(filter(None, (came, went)))


def _gain(evidence: Evidence) -> str:
    """What the cited steps returned beyond the average of their episode."""
    gain = evidence.difference
    return "" if gain is None else f", {gain:+.4f} a step beside the average"


def _steps(steps: Sequence[int]) -> str:
    """The steps that evidence cites; someone's word cites none."""
    return f" steps {', '.join(map(str, steps))}" if steps else ""


class Listing(Table):
    """A table that becomes a paragraph per row where it would have to break words: an id has to stay whole."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.__rich_measure__(console, options.update(max_width=_WIDEST)).minimum <= options.max_width:
            for column in self.columns:  # what has blanks gives way
                column.no_wrap = not any(" " in str(cell).strip() for cell in column.cells)
            yield from super().__rich_console__(console, options)
            return
        headers = [str(column.header) for column in self.columns]
        for row in zip(*(column.cells for column in self.columns), strict=True):
            told = [f"{header} {cell}".strip() for header, cell in zip(headers[1:], row[1:], strict=True) if str(cell)]
            yield Hanging("  ".join((str(row[0]), *told)))


def columns(*headers: str) -> Listing:
    """A table without lines; a header that starts with ">" is that of a right-aligned column."""
    table = Listing(box=None, header_style="bold", pad_edge=False)
    for header in headers:
        table.add_column(header.lstrip(">"), justify="right" if header.startswith(">") else "left", overflow="fold")
    return table
