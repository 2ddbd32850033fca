"""The papers' experiments, a command each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SpecError
from .common import HOME, HomeDir, Json, MaxTokens, MaxUsd, Terminated, awaited

if TYPE_CHECKING:
    from ..graphs.study import Study
    from ..graphs.study_report import StudyReport
    from ..graphs.sweep import Bounds

ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(study)


def study(
    name: Annotated[
        str, typer.Argument(metavar="STUDY", help="stocks, portfolios, volatile, ablations, investorbench, or all.")
    ],
    *,
    data: Annotated[
        str,
        typer.Option(
            metavar="DIR", help="A store (doxa data fetch), a folder of INVESTORBENCH files, or the bundled prices."
        ),
    ] = "bundled",
    model: Annotated[str, typer.Option("--model", help="For all agents, e.g. openai/gpt-5-mini.")] = "heuristic",
    repeats: Annotated[int, typer.Option(metavar="N", help="Runs per case; the paper reports the median of 5.")] = 1,
    masked: Annotated[bool, typer.Option("--masked", help="Cover the assets' names and all dates.")] = False,
    home: HomeDir = HOME,
    concurrency: Annotated[int, typer.Option(metavar="N", help="Runs at the same time.")] = 8,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    as_json: Json = False,
) -> None:
    """Run an experiment of the FinCon or the INVESTORBENCH paper, beside baselines and the paper's own figures.

    The same command goes on where it was stopped: what has ended isn't run again.
    """
    from ..graphs.study import STUDIES
    from ..graphs.study import study as prepared
    from ..graphs.study_data import study_data
    from ..graphs.sweep import Bounds
    from ..studies import study_json, study_view
    from ..views import show

    source = study_data(data)
    wanted = [
        prepared(each, source, model, repeats=repeats, masked=masked) for each in (STUDIES if name == ALL else (name,))
    ]
    if not any(each.plan for each in wanted):
        told = "; ".join(f"{m.case.task}: {m.reason}" for each in wanted for m in each.missing[:3])
        raise SpecError(f"nothing of {name} can be run with these data: {told}")
    bounds = Bounds(concurrency, max_usd, max_tokens)
    reports = [_reported(each, home.resolve(), bounds, quiet=as_json) for each in wanted if each.plan]
    show([study_json(r) for r in reports], study_view(reports, model), as_json=as_json)
    if any(case.failures for r in reports for case in r.cases):
        raise typer.Exit(1)


def _reported(wanted: Study, home: Path, bounds: Bounds, *, quiet: bool) -> StudyReport:
    """Run what there is of a study, and put it together."""
    from ..graphs.study_report import report
    from ..graphs.sweep import swept
    from ..memory.home import Home
    from ..memory.journal import Journal
    from ..reports import sweep_told

    assert wanted.plan is not None  # noqa: S101  the caller sees to it
    with sweep_told(quiet=quiet) as told:
        try:
            done = awaited(swept(wanted.plan, home, bounds, told=told))
        except (KeyboardInterrupt, Terminated):
            typer.echo("interrupted; everything up to here is kept, and the same command goes on", err=True)
            raise
    with Journal.open(Home(home), write=False) as journal:
        return report(wanted, done, journal)
