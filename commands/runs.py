"""Running experiments, and what their runs came to."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import SpecError
from .common import (
    HOME,
    Ask,
    Cache,
    Elsewhere,
    HomeDir,
    Json,
    Lines,
    Loaded,
    MaxTokens,
    MaxUsd,
    Nondeterministic,
    RunId,
    Settings,
    Spec,
    Terminated,
    awaited,
    loaded,
    overridden,
    pairs,
    recalled,
    run_id,
    see_single,
)

if TYPE_CHECKING:
    from ..agents.episode import Listener
    from ..graphs import Experiment, Run


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (train, evaluate, resume, replay):
        app.command()(command)
    app.command("show")(show_run)


def train(
    spec: Spec,
    *,
    home: HomeDir = HOME,
    settings: Settings = None,
    start: Annotated[str | None, typer.Option("--from", metavar="RUN", help="Start with this run's beliefs.")] = None,
    estimated: Annotated[
        bool, typer.Option("--estimate", help="Say what it would cost, and run nothing: no key, no home is needed.")
    ] = False,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    cache: Cache = False,
    nondeterministic: Nondeterministic = False,
    ask: Ask = False,
    as_json: Json = False,
    lines: Lines = False,
) -> None:
    """Train a team; evaluate it afterwards if the experiment says on what."""
    if estimated:
        _estimate(spec, settings, start, as_json=as_json)
        return
    given = {"max_usd": max_usd, "max_tokens": max_tokens, "cache": cache or None} | {
        "nondeterministic": nondeterministic or None
    }
    _start("train", loaded(spec, settings or [], []), home, start, given=given, ask=ask, as_json=as_json, lines=lines)


def evaluate(
    spec: Spec,
    *,
    home: HomeDir = HOME,
    settings: Settings = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="RUN", help="Evaluate with this run's beliefs.")
    ] = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    nondeterministic: Nondeterministic = False,
    ask: Ask = False,
    as_json: Json = False,
    lines: Lines = False,
) -> None:
    """Run one episode with beliefs frozen, beside the task's baselines."""
    given = {"max_usd": max_usd, "max_tokens": max_tokens, "nondeterministic": nondeterministic or None}
    _start(
        "evaluate", loaded(spec, settings or [], []), home, start, given=given, ask=ask, as_json=as_json, lines=lines
    )


def resume(
    run: RunId,
    *,
    home: HomeDir = HOME,
    ambiguous: Annotated[
        str | None,
        typer.Option(
            metavar="resend|halt", help="What to do about calls whose outcome is unknown; resend them by default."
        ),
    ] = None,
    spec: Elsewhere = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    cache: Cache = False,
    ask: Ask = False,
    as_json: Json = False,
    lines: Lines = False,
) -> None:
    """Go on with a run that was interrupted, or waited for people; no journaled call is sent again."""
    from ..graphs import Run

    home = home.resolve()
    known = Run.load(home, run_id(run, home))
    if known.mode == "sweep":
        raise SpecError(f"{known.id} is a sweep: go on with it by: doxa sweep --resume {known.id}")
    if "on" in known.reference:
        sweep = known.reference["sweep"]
        raise SpecError(f"run {known.id} is an arm of {sweep}, and has a home of its own: doxa sweep --resume {sweep}")
    if known.ended:
        raise SpecError(f"run {known.id} has ended, there is nothing to resume; 'doxa replay {known.id}' checks it")
    given = {"ambiguous": ambiguous, "max_usd": max_usd, "max_tokens": max_tokens, "cache": cache or None}
    _start(
        known.mode,
        recalled(known, spec=spec),
        home,
        known.parent,
        run=known.id,
        given=given,
        ask=ask,
        as_json=as_json,
        lines=lines,
    )


def replay(run: RunId, home: HomeDir = HOME, spec: Elsewhere = None, as_json: Json = False) -> None:
    """Run a finished run again from its journal, sending nothing, and compare the digests."""
    from ..graphs import Run
    from ..graphs import replay as replayed
    from ..views import show, what_next

    home = home.resolve()
    known = Run.load(home, run_id(run, home))
    see_single(known)
    if known.status == "interrupted":  # one that waits for people says what for
        raise SpecError(f"run {known.id} hasn't ended, and only what has can be replayed; {what_next(known)}")
    result = awaited(replayed(recalled(known, spec=spec).experiment, home, known.id))
    told = {"run": known.id, "digest": result.digest, "calls": result.calls, "sent": 0}
    show(
        told,
        f"{known.id}: {result.calls} calls answered by the journal, 0 sent; digest {result.digest}",
        as_json=as_json,
    )


def show_run(run: RunId, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Show what a run came to: episodes, metrics beside baselines, cost."""
    from ..graphs import Run
    from ..views import run_json, run_view, show

    found = Run.load(home, run_id(run, home))
    show(run_json(found), run_view(found), as_json=as_json)


def _estimate(spec: str, settings: list[str] | None, parent: str | None, *, as_json: bool) -> None:
    from ..graphs import load_experiment
    from ..graphs.estimate import estimate
    from ..tables import estimate_json, estimate_view
    from ..views import show

    if parent is not None:
        raise SpecError("an estimate is of a run without earlier beliefs: leave --from out")
    found = awaited(estimate(load_experiment(spec, pairs(settings))))
    show(estimate_json(found), estimate_view(found), as_json=as_json)


def execute(
    experiment: Experiment,
    start: Callable[[Listener], Coroutine[Any, Any, Run]],
    *,
    as_json: bool,
    quiet: bool = False,
    lines: bool = False,
) -> None:
    """Run an experiment, show its progress unless it should be quiet, and what it came to."""
    from ..escapes import json_line
    from ..live import followed
    from ..views import run_json, run_view, show

    if as_json and lines:
        raise SpecError("--json prints the run when it's done and --jsonl all that happens as well: give one of them")
    with followed(experiment, quiet=as_json or quiet, lines=lines) as view:
        try:
            done = awaited(start(view.see))
        except (KeyboardInterrupt, Terminated):
            view.interrupted()
            raise
    if lines:
        typer.echo(json_line({"kind": "run", "data": run_json(done)}))
        return
    show(run_json(done), run_view(done), as_json=as_json)


def _start(
    mode: str,
    found: Loaded,
    home: Path,
    parent: str | None,
    *,
    run: str | None = None,
    given: Mapping[str, Any],
    ask: bool,
    as_json: bool,
    lines: bool,
) -> None:
    """Train or evaluate."""
    from ..graphs import Run, evaluate, train
    from .inbox import terminal

    experiment = overridden(found.experiment, **given)
    parent = run_id(parent, home) if parent else None
    if parent is not None:
        see_single(Run.load(home, parent.partition("@")[0]))
    loop = train if mode == "train" else evaluate
    answers = terminal() if ask else None

    def start(listener: Listener) -> Coroutine[Any, Any, Run]:
        told: dict[str, Any] = {"reference": found.reference, "listener": listener, "answers": answers}
        return loop(experiment, home, run=run, parent=parent, **told)

    execute(experiment, start, as_json=as_json, quiet=ask, lines=lines)
