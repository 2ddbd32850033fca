"""What a run came to believe."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from .common import HOME, HomeDir, Json, RunId, journal, run_id


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(beliefs)


def beliefs(
    run: RunId,
    belief: Annotated[str | None, typer.Argument(metavar="[BELIEF]", help="A belief's id, or its beginning.")] = None,
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
        if belief is None:
            show(beliefs_json(memory), beliefs_table(memory), as_json=as_json)
        else:
            show(belief_json(memory, belief), belief_view(memory, belief), as_json=as_json)
