"""What runs cost."""

from __future__ import annotations

import typer

from .common import HOME, HomeDir, Json, RunId, journal, run_id


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(costs)


def costs(run: RunId, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Show a run's calls, tokens and cost by agent, episode and model, and the share that went into beliefs."""
    from ..graphs.costs import reckon
    from ..tables import costs_json, costs_view
    from ..views import show

    with journal(home) as opened:
        found = reckon(opened, run_id(run, home))
    show(costs_json(found), costs_view(found), as_json=as_json)
