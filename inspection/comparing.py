"""Several runs as one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import SetupError
from .extras import altair
from .markup import number
from .plot import CATEGORIES, Plot, data, short, wholes
from .reporting import Section, Table, figure, money, page, warnings

if TYPE_CHECKING:
    from .run import Run

_MOST = 8
_SHOWN = 200


def compare(runs: Sequence[Run]) -> str:
    """The page of several runs, side by side.

    Raises:
        SetupError: There are fewer than two, more than can be told apart, or one of them twice.
        MissingExtraError: The extra ``plot`` isn't installed.
    """
    names = [run.id for run in runs]
    if not 2 <= len(names) <= _MOST:
        raise SetupError(f"{len(names)} given: name 2 to {_MOST} runs to compare")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SetupError(f"{twice[0]} is named twice: name each run once")
    held = {i for run in runs for i in run.memory.state}
    every = [i for i in held if all(i in run.memory.state for run in runs)]
    return page(
        "page.compare.html",
        title=f"Runs {', '.join(names)}",
        kind="Doxa comparison",
        sections=[Section("results", "Results"), Section("beliefs", "Beliefs")],
        warnings=[f"{run.id}: {text}" for run in runs for text in warnings(run)],
        results=[_results(runs), *_metrics(runs)],
        figures={"results": [figure(returns(runs))]},
        counted=f"{len(held):,} different beliefs; {len(every):,} of them in every run.",
        shared=[_beliefs(runs, held)] if held else [],
    )


def returns(runs: Sequence[Run]) -> Plot:
    """The returns of several runs by episode."""
    rows = [
        {"episode": e.number, "return": e.value, "mode": e.mode, "run": run.id}
        for run in runs
        for e in run.overview.episodes
    ]
    last, names = max((e.number for run in runs for e in run.overview.episodes), default=0), [run.id for run in runs]
    about = "Return of every episode in units of reward, by run; diamonds are evaluations."

    def draw(width: int) -> Any:  # noqa: ANN401
        alt = altair()
        modes = alt.Scale(domain=["train", "evaluate"], range=["circle", "diamond"])
        base = alt.Chart(data(rows)).encode(
            x=alt.X("episode:Q", axis=wholes(last, width)),
            y=alt.Y("return:Q", title="return (reward)"),
            color=alt.Color("run:N", scale=alt.Scale(domain=names, range=list(CATEGORIES[: len(names)]))),
            tooltip=["run:N", "episode:Q", "return:Q", "mode:N"],
        )
        points = base.mark_point(filled=True, size=60, opacity=1).encode(shape=alt.Shape("mode:N", scale=modes))
        return (base.mark_line() + points).properties(width=width, height=240)

    return Plot("compared", "Returns by episode", about, draw)


def _results(runs: Sequence[Run]) -> Table:
    rows = []
    for run in runs:
        o = run.overview
        trained = [e for e in o.episodes if e.mode == "train" and e.ended]
        told = (number(trained[-1].value if trained else None), number(o.evaluated.value if o.evaluated else None))
        label = o.status + (", in-sample" if o.in_sample else "")
        rows.append(
            (
                run.id,
                o.environment,
                label,
                len(o.episodes),
                *told,
                len(run.memory.state),
                f"{o.tokens:,}",
                money(o.cost),
            )
        )
    head = (
        "run",
        "task",
        "status",
        "episodes",
        "last training return",
        "evaluation return",
        "beliefs",
        "tokens",
        "cost",
    )
    return Table("Runs side by side; returns are in units of reward", head, rows, frozenset(head[3:]))


def _metrics(runs: Sequence[Run]) -> list[Table]:
    """The last evaluations' metrics; of tasks that differ they can't be compared, and the table names the tasks."""
    found = [(run, e) for run in runs if (e := run.overview.evaluated) is not None]
    names = list(dict.fromkeys(name for _, e in found for name in e.metrics))
    if not names:
        return []
    head = ("run", "evaluated on", *names)
    rows = [(run.id, e.environment, *(number(e.metrics.get(name)) for name in names)) for run, e in found]
    return [Table("Last evaluations, in the tasks' own metrics", head, rows, frozenset(names))]


def _beliefs(runs: Sequence[Run], held: set[str]) -> Table:
    """Credences by belief and run, those in most runs first."""
    order = sorted(held, key=lambda i: (-sum(i in run.memory.state for run in runs), i))[:_SHOWN]
    rows = []
    for belief in order:
        known = [run.memory.state.get(belief) for run in runs]
        says = next(b.statement for b in known if b is not None)
        told = ("-" if b is None else f"{b.credence.mean:.2f} {b.status.value}" for b in known)
        rows.append((belief, short(says, 160), *told))
    left = len(held) - len(order)
    caption = "Credence and status by run; - is a belief that the run never held" + (
        f"; {left:,} left out" if left else ""
    )
    return Table(caption, ("belief", "says", *(run.id for run in runs)), rows)
