"""A run's beliefs at other times, and together with another run's."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import HOME, HomeDir, Json, RunId, journal, run_id
from .curation import EmbedderName, Reason, curation, group, see_whole, told

Moment = "now, an episode's number (as it began), a time on the task's clock, a RUN or RUN@EPISODE"


def register(app: typer.Typer) -> None:
    """Add the commands to ``doxa belief``."""
    del app
    for command in (diff, rollback, merge):
        group.command()(command)


def diff(
    run: RunId,
    before: Annotated[str, typer.Argument(metavar="A", help=f"One state: {Moment}.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The other.")] = "now",
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Show how what was believed at A differs from what was believed at B."""
    from ..memory import timetravel
    from ..views import show

    with journal(home) as opened:
        known = opened.require(run_id(run, home))
        found = timetravel.diff(*(timetravel.state_at(opened, known, run_id(when, home)) for when in (before, after)))
    data = {
        "appeared": [b.model_dump(mode="json") for b in found.appeared],
        "vanished": [b.model_dump(mode="json") for b in found.vanished],
        "changed": [vars(change) for change in found.changed],
    }
    lines = [f"+ {b.id}  {b.status}  {b.polarity} {b.aspect}: {b.statement}" for b in found.appeared]
    lines += [f"- {b.id}  {b.status}  {b.polarity} {b.aspect}: {b.statement}" for b in found.vanished]
    lines += [f"~ {c.belief}  {c.field}: {c.before} -> {c.after}" for c in found.changed]
    show(data, told(lines or ["no difference"]), as_json=as_json)


def rollback(
    run: RunId,
    episode: Annotated[int, typer.Argument(metavar="EPISODE", help="Believe what was believed when it began.")],
    reason: Reason,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Believe again what was believed when an episode began; nothing is deleted."""
    from ..memory import timetravel
    from ..views import show

    with curation(run, home) as hand:
        results = timetravel.rollback(hand, episode, reason)
    lines = [f"{r.op}  {r.reason}" for r in results] or ["nothing has changed since"]
    show([{"op": r.op, "belief": r.belief, "reason": r.reason} for r in results], told(lines), as_json=as_json)


def merge(
    run: RunId,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The run whose beliefs are taken over.")],
    reason: Reason,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Take over another run's beliefs, and report every conflict."""
    from ..memory import merging
    from ..views import show

    with curation(run, home, embedder) as hand:
        theirs = hand.memory.journal.require(run_id(other, home))
        see_whole(hand.memory.journal, theirs)
        found = merging.merge(hand, theirs, reason)
    lines = [f"{r.op}  {r.belief}: {r.reason}" for r in found.results] or ["nothing new"]
    lines += [f"CONFLICT ({c.kind})  {c.ours} here, {c.theirs} there: {c.told}" for c in found.conflicts]
    results = [{"op": r.op, "belief": r.belief, "reason": r.reason} for r in found.results]
    show({"results": results, "conflicts": [vars(c) for c in found.conflicts]}, told(lines), as_json=as_json)
