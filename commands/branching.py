"""Running a run again with something changed, paying only for what differs."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import HOME, Elsewhere, HomeDir, Json, MaxTokens, MaxUsd, RunId, Settings, overridden, recalled, run_id
from .runs import execute


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(branch)


def branch(
    run: RunId,
    home: HomeDir = HOME,
    changes: Annotated[
        list[str] | None,
        typer.Option("--change", metavar="AGENT.FIELD=VALUE", help="A field of an agent, monitor or critic."),
    ] = None,
    settings: Settings = None,
    spec: Elsewhere = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    as_json: Json = False,
) -> None:
    """Run again with something changed: RUN's journal answers whatever is asked alike, only the rest is paid."""
    from ..graphs import Run
    from ..graphs import branch as branched

    home = home.resolve()
    known = Run.load(home, run_id(run, home))
    found = recalled(known, settings or [], changes or [], spec)
    experiment = overridden(found.experiment, max_usd=max_usd, max_tokens=max_tokens)
    execute(
        experiment,
        lambda listener: branched(experiment, home, known.id, reference=found.reference, listener=listener),
        as_json=as_json,
    )
