"""Runs as a page that can be looked at, sent and printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import SpecError
from .common import HOME, HomeDir, RunId, run_id
from .files import write_lines
from .housekeeping import size

Out = Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The page, an .html file.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(report)
    app.command()(compare)


def report(run: RunId, out: Out = Path("report.html"), home: HomeDir = HOME) -> None:
    """Write what a run did, came to and came to believe into one page that needs no network."""
    from ..inspect import Run, report

    _see(out)
    found = Run(run_id(run, home), home)
    _write(report(found), out, found.id)


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN ...", help="Ids of two or more runs, or 'last'.")],
    out: Out = Path("compare.html"),
    home: HomeDir = HOME,
) -> None:
    """Write the same of several runs, side by side."""
    from ..inspect import Run, compare

    _see(out)
    found = [Run(run_id(run, home), home) for run in runs]
    _write(compare(found), out, ", ".join(run.id for run in found))


def _see(out: Path) -> None:
    if out.suffix.lower() not in {".html", ".htm"}:
        raise SpecError(f"{out}: a report is a page; choose a name that ends in .html")


def _write(page: str, out: Path, what: str) -> None:
    write_lines([page], out)
    typer.echo(f"{what}: {out} ({size(len(page.encode()))})")
