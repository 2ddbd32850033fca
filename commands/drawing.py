"""A team's state machine, as mermaid or as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import Json, Settings, Spec, pairs


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(graph)


def graph(
    spec: Spec,
    settings: Settings = None,
    png: Annotated[Path | None, typer.Option("--png", help="Draw it into this file (.png, .svg or .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """Print a team's state machine as mermaid, or draw it."""
    from ..graphs import load_experiment
    from ..graphs.drawing import mermaid, picture
    from ..views import show

    experiment = load_experiment(spec, pairs(settings))
    text = mermaid(experiment.graph, experiment.environment.spec)
    if png is None:
        show({"mermaid": text}, text, as_json=as_json)
    else:
        path = picture(experiment.graph, experiment.environment.spec, png)
        show({"mermaid": text, "picture": str(path)}, f"drawn: {path}", as_json=as_json)
