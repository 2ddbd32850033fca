"""What a run came to believe."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from .common import HOME, HomeDir, Json, RunId, journal, run_id

if TYPE_CHECKING:
    from ..graphs import Run
    from ..memory import BeliefMemory


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(beliefs)


def beliefs(
    run: RunId,
    belief: Annotated[str | None, typer.Argument(metavar="[BELIEF]", help="A belief's id, or its beginning.")] = None,
    lift: Annotated[
        bool, typer.Option("--lift", help="What each was worth to whom, by the episodes it was held out of.")
    ] = False,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """List a run's beliefs; or show one with its evidence, its lineage, and where it went and why."""
    from ..graphs import Run
    from ..memory import BeliefMemory
    from ..views import belief_json, belief_view, beliefs_json, beliefs_table, show

    with ExitStack() as stack:
        opened = stack.enter_context(journal(home))
        known = Run.read(opened, run_id(run, home))
        memory = stack.enter_context(BeliefMemory(opened, known.id, parent=known.parent))
        if lift:
            _lifts(memory, known, belief, as_json=as_json)
        elif belief is None:
            show(beliefs_json(memory), beliefs_table(memory), as_json=as_json)
        else:
            show(belief_json(memory, belief), belief_view(memory, belief), as_json=as_json)


def _lifts(memory: BeliefMemory, run: Run, belief: str | None, *, as_json: bool) -> None:
    from ..memory.credit import exposures, lifts
    from ..reports import lifts_json, lifts_view
    from ..views import show

    policy = run.spec.get("propagation", {})
    confidence = float(policy.get("confidence", 0.95)) if isinstance(policy, dict) else 0.95
    wanted = None if belief is None else memory.get(belief).id
    found = [f for f in lifts(exposures(memory.journal.events(run.id)), confidence) if wanted in {None, f.belief}]
    show(lifts_json(found), lifts_view(memory, found, confidence), as_json=as_json)
