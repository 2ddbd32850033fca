"""Many arms of one SPEC at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SpecError, WaitingError
from .common import HOME, Cache, HomeDir, Json, MaxTokens, MaxUsd, Settings, Terminated, awaited, overridden, pairs

if TYPE_CHECKING:
    from ..graphs.arms import Plan
    from ..graphs.sharing import Sharing
    from ..graphs.sweep import Executing


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sweep)


def sweep(
    spec: Annotated[
        str | None, typer.Argument(metavar="[SPEC]", help="path/to/file.py:function; none with --resume.")
    ] = None,
    *,
    over: Annotated[
        list[str] | None,
        typer.Option("--over", metavar="KEY=VALUES", help="What arms differ in: seed=0..99, or asset=AAPL,MSFT."),
    ] = None,
    resume: Annotated[str | None, typer.Option("--resume", metavar="SWEEP", help="Go on with a sweep.")] = None,
    home: HomeDir = HOME,
    settings: Settings = None,
    evaluate: Annotated[bool, typer.Option("--evaluate", help="One episode per arm, beliefs frozen.")] = False,
    concurrency: Annotated[int, typer.Option(metavar="N", help="Arms that run at the same time.")] = 32,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    cache: Cache = False,
    on: Annotated[
        str | None, typer.Option("--on", metavar="ray[://HOST:PORT]", help="Run arms on Ray, one per task.")
    ] = None,
    shared: Annotated[
        str | None,
        typer.Option(
            "--journal", envvar="DOXA_JOURNAL", metavar="postgresql://...", help="Gather the runs there, too."
        ),
    ] = None,
    stop_on_failure: Annotated[bool, typer.Option("--stop-on-failure", help="Begin no arm after one failed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Run more than 1,000 arms.")] = False,
    as_json: Json = False,
) -> None:
    """Run a SPEC's function with every combination of values, many at a time, each as a run in the home.

    The same command, or --resume, goes on: what has ended isn't run again, what was interrupted is gone on with. The
    exit code is 3 if nothing but people's answers is missing (doxa inbox), and 1 if an arm failed.
    """
    from ..graphs.sweep import Bounds, swept
    from ..reports import sweep_json, sweep_told, sweep_view
    from ..views import show

    home = home.resolve()
    if on is not None and cache:
        raise SpecError("--cache with --on: arms on Ray don't share a journal to take answers from; leave one out")
    plan = _plan(spec, over or [], settings, home, resume, evaluate=evaluate, cache=cache, many=yes)
    bounds = Bounds(concurrency, max_usd, max_tokens, stop_on_failure=stop_on_failure)
    with _sharing(shared, home) as there, _executing(on, home) as executing, sweep_told(quiet=as_json) as told:
        try:
            found = awaited(swept(plan, home, bounds, told=told, on=executing, sharing=there))
        except (KeyboardInterrupt, Terminated):
            typer.echo("interrupted; everything up to here is kept, and the same command goes on", err=True)
            raise
    show(sweep_json(found), sweep_view(found), as_json=as_json)
    if not found.ended or found.ungathered is not None:
        raise typer.Exit(WaitingError.exit_code if found.waiting and found.ungathered is None else 1)


@contextmanager
def _sharing(url: str | None, home: Path) -> Iterator[Sharing | None]:
    """Where runs are gathered, if anywhere."""
    if url is None:
        yield None
        return
    from ..graphs.sharing import sharing

    with sharing(url, home) as there:
        yield there


@contextmanager
def _executing(on: str | None, home: Path) -> Iterator[Executing | None]:
    """What runs the arms; ``None`` for this process."""
    if on is None:
        yield None
        return
    from ..graphs.cluster import connected

    with connected(on, Path.cwd(), home) as cluster:
        yield cluster.executor


def _plan(
    spec: str | None,
    over: list[str],
    settings: list[str] | None,
    home: Path,
    resume: str | None,
    *,
    evaluate: bool,
    cache: bool,
    many: bool,
) -> Plan:
    from ..graphs.arms import axes, planned
    from ..graphs.sweep import asked_for

    if resume is None:
        if spec is None:
            raise SpecError("a sweep needs a SPEC and --over, or the name of one to go on with: --resume SWEEP")
        folder, changes, given, swept = str(Path.cwd()), [], pairs(settings), axes(over, many=many)
    else:
        if spec is not None or over or settings:
            raise SpecError(f"--resume {resume} goes on with what was asked for then: leave SPEC, --over, --set out")
        known = asked_for(home, resume)
        if "spec" not in known:
            raise SpecError(f"sweep {resume} was started from Python: go on with it there, by the same sweep(...)")
        spec, folder, changes, given = known["spec"], known["folder"], known["changes"], pairs(known["settings"])
        swept, evaluate = {key: tuple(values) for key, values in known["over"]}, known["mode"] == "evaluate"
        os.chdir(folder)
    return planned(
        spec,
        swept,
        settings=given,
        folder=folder,
        changes=changes,
        mode="evaluate" if evaluate else "train",
        adjust=lambda experiment: overridden(experiment, cache=cache or None),
    )
