"""The command line. Commands import what they need when they run, so that ``doxa --help`` stays fast."""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from .errors import DoxaError, SetupError, SpecError

if TYPE_CHECKING:
    from .graphs import Run
    from .memory import Journal

T = TypeVar("T")

app = typer.Typer(
    name="doxa",
    help="Teams of LLM agents that learn from their own episodes, as beliefs you can see, question and undo.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="path/to/file.py:name or package.module:name")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or 'last'.")]
HomeDir = Annotated[Path, typer.Option("--home", envvar="DOXA_HOME", help="Folder of the journal and its index.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An argument for a SPEC function.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
HOME = Path(".doxa")


@app.command()
def train(
    spec: Spec,
    home: HomeDir = HOME,
    settings: Settings = None,
    start: Annotated[str | None, typer.Option("--from", metavar="RUN", help="Start with this run's beliefs.")] = None,
    as_json: Json = False,
) -> None:
    """Train a team; evaluate it afterwards if the experiment says on what."""
    _execute("train", spec, home, settings, start, as_json=as_json)


@app.command()
def evaluate(
    spec: Spec,
    home: HomeDir = HOME,
    settings: Settings = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="RUN", help="Evaluate with this run's beliefs.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run one episode with beliefs frozen, beside the task's baselines."""
    _execute("evaluate", spec, home, settings, start, as_json=as_json)


@app.command()
def resume(run: RunId, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Go on with an interrupted run; no journaled call is sent again."""
    from .graphs import Run

    home = home.resolve()
    known = Run.load(home, _run_id(run, home))
    if known.ended:
        raise SpecError(f"run {known.id} has ended, there is nothing to resume; 'doxa replay {known.id}' checks it")
    spec, settings = _reference(known)
    _execute(known.mode, spec, home, settings, known.parent, run=known.id, as_json=as_json)


@app.command()
def replay(run: RunId, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Run a finished run again from its journal, sending nothing, and compare the digests."""
    from .graphs import Run, load_experiment
    from .graphs import replay as replayed
    from .views import show

    home = home.resolve()
    known = Run.load(home, _run_id(run, home))
    spec, settings = _reference(known)
    result = _awaited(replayed(load_experiment(spec, _pairs(settings)), home, known.id))
    told = {"run": known.id, "digest": result.digest, "calls": result.calls, "sent": 0}
    show(
        told,
        f"{known.id}: {result.calls} calls answered by the journal, 0 sent; digest {result.digest}",
        as_json=as_json,
    )


@app.command()
def runs(home: HomeDir = HOME, as_json: Json = False) -> None:
    """List the runs of a home."""
    from .graphs import Run
    from .views import runs_json, runs_table, show

    with _journal(home) as journal:
        found = [Run.read(journal, run) for run in journal.runs()]
    show(runs_json(found), runs_table(found), as_json=as_json)


@app.command("show")
def show_run(run: RunId, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Show what a run came to: episodes, metrics beside baselines, cost."""
    from .graphs import Run
    from .views import run_json, run_view, show

    found = Run.load(home, _run_id(run, home))
    show(run_json(found), run_view(found), as_json=as_json)


@app.command()
def beliefs(
    run: RunId,
    belief: Annotated[str | None, typer.Argument(metavar="[BELIEF]", help="A belief's id, or its beginning.")] = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """List a run's beliefs; or show one with its evidence, its lineage, and where it went and why."""
    from .graphs import Run
    from .memory import BeliefMemory
    from .views import belief_json, belief_view, beliefs_json, beliefs_table, show

    with ExitStack() as stack:
        journal = stack.enter_context(_journal(home))
        known = Run.read(journal, _run_id(run, home))
        memory = stack.enter_context(BeliefMemory(journal, known.id, parent=known.parent))
        if belief is None:
            show(beliefs_json(memory), beliefs_table(memory), as_json=as_json)
        else:
            show(belief_json(memory, belief), belief_view(memory, belief), as_json=as_json)


@app.command()
def graph(
    spec: Spec,
    settings: Settings = None,
    png: Annotated[Path | None, typer.Option("--png", help="Draw it into this file (.png, .svg or .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """Print a team's state machine as mermaid, or draw it."""
    from .graphs import load_experiment
    from .graphs.drawing import mermaid, picture
    from .views import show

    experiment = load_experiment(spec, _pairs(settings))
    text = mermaid(experiment.graph, experiment.environment.spec)
    if png is None:
        show({"mermaid": text}, text, as_json=as_json)
    else:
        path = picture(experiment.graph, experiment.environment.spec, png)
        show({"mermaid": text, "picture": str(path)}, f"drawn: {path}", as_json=as_json)


@app.command()
def export(
    run: RunId,
    home: HomeDir = HOME,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file; standard output without it.")] = None,
) -> None:
    """Write a run's log as canonical JSON lines: no clock, no ids of machine or process."""
    with _journal(home) as journal:
        lines = journal.export(_run_id(run, home))
        if out is None:
            for line in lines:
                typer.echo(line)
            return
        try:
            with out.open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
        except OSError as error:
            raise SpecError(f"{out} can't be written: {error.strerror}; choose another file") from None


def main() -> None:
    """Run the command line: Doxa's errors become one message and an exit code, never a traceback."""
    try:
        app()
    except DoxaError as error:
        _fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(error: DoxaError) -> None:
    typer.echo(f"error: {error}", err=True)
    for note in getattr(error, "__notes__", ()):
        if not note.startswith("During task with name"):  # LangGraph's, with an id that tells nobody anything
            typer.echo(note, err=True)
    sys.exit(error.exit_code)


def _execute(
    mode: str,
    spec: str,
    home: Path,
    settings: list[str] | None,
    parent: str | None,
    *,
    run: str | None = None,
    as_json: bool,
) -> None:
    from .graphs import evaluate, load_experiment, train
    from .views import progress, run_json, run_view, show

    experiment = load_experiment(spec, _pairs(settings))
    parent = _run_id(parent, home) if parent else None
    loop = train if mode == "train" else evaluate
    with progress(experiment, quiet=as_json) as view:
        reference = {"spec": spec, "settings": settings or [], "folder": str(Path.cwd())}
        try:
            done = _awaited(loop(experiment, home, run=run, parent=parent, reference=reference, listener=view.see))
        except KeyboardInterrupt:
            view.interrupted()
            raise
    show(run_json(done), run_view(done), as_json=as_json)


def _awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    import asyncio

    return asyncio.run(coroutine)


def _pairs(settings: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in settings or []:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise SetupError(f"--set {text}: write it as KEY=VALUE")
        pairs[key] = value
    return pairs


def _reference(run: Run) -> tuple[str, list[str]]:
    """How a run's experiment was loaded, with the working directory put back to where that was."""
    if "spec" not in run.reference:
        raise SpecError(
            f"run {run.id} was started from Python, not from a SPEC: go on with train(experiment, home, run={run.id!r})"
        )
    os.chdir(run.reference["folder"])
    return run.reference["spec"], run.reference["settings"]


def _run_id(run: str, home: Path) -> str:
    """``last``, or a run's id as it is."""
    if run != "last":
        return run
    with _journal(home) as journal:
        known = journal.runs()
    if not known:
        raise SpecError(f"there are no runs in {home}: train first")
    return known[-1]


def _journal(home: Path) -> Journal:
    from .memory import Home, Journal

    return Journal.open(Home(home), write=False)


if __name__ == "__main__":
    main()
