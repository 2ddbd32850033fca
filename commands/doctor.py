"""Whether everything that a run needs is there."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import DoxaError
from .common import HOME, HomeDir, Json, Settings, awaited, pairs


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    spec: Annotated[str | None, typer.Argument(metavar="[SPEC]", help="An experiment, to look at its models.")] = None,
    home: HomeDir = HOME,
    settings: Settings = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", metavar="NAME", help="A model to look at; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check versions, home, disk, embedder and models, with one small call to each model that has its key."""
    from ..doctor import Finding, machine, models
    from ..graphs import Experiment, load_experiment
    from ..models import Model
    from ..tables import findings_json, findings_view
    from ..views import show

    experiment: Experiment | None = None
    findings: list[Finding] = []
    choices: list[str | Model] = list(model or ())
    if spec is not None:
        try:
            experiment = load_experiment(spec, pairs(settings))
            choices = [*experiment.choices().values(), *choices]
            findings.append(Finding(spec, "ok", "an experiment that fits together"))
        except DoxaError as error:
            findings.append(Finding(spec, "fail", str(error), "Mend that, then run doxa doctor again."))
    findings = [*machine(home, experiment.embedder if experiment else None), *findings, *awaited(models(choices))]
    show(findings_json(findings), findings_view(findings), as_json=as_json)
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)
