"""What the commands share: their arguments, and the way from those to a run, a journal, an experiment."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ..errors import SetupError, SpecError

if TYPE_CHECKING:
    from ..graphs import Experiment, Run
    from ..memory import Journal

T = TypeVar("T")

Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC",
        help="path/to/file.py:name or package.module:name. It is code: doxa runs it.",
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or 'last'.")]


def home_folder(given: str | Path) -> Path:
    """The folder that ``--home`` means; for a shared journal's address that of a copy, which can only be read.

    Raises:
        SetupError: It names nothing, as an empty shell variable does.
    """
    if not str(given).strip():
        raise SetupError("--home '': name a folder, as in --home .doxa, or leave it out")
    if not str(given).startswith(("postgresql://", "postgres://")):
        return Path(given)
    from ..memory.mirror import mirrored

    return mirrored(str(given))


HomeDir = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="DOXA_HOME",
        metavar="PATH",
        parser=home_folder,
        help="Folder of the journal and its index; to read, also postgresql://USER@HOST/DATABASE.",
    ),
]
Elsewhere = Annotated[
    str | None, typer.Option("--spec", metavar="SPEC", help="Where the run's SPEC is now, if it isn't where it was.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An argument for a SPEC function.")
]
MaxUsd = Annotated[
    float | None,
    typer.Option("--max-usd", metavar="USD", help="What the model calls may cost; overrides the experiment's limit."),
]
MaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", metavar="N", help="The same in tokens of prompts and replies together."),
]
Cache = Annotated[
    bool,
    typer.Option("--cache", help="Reuse any answer that a run in this home got to the same request of the same model."),
]
Nondeterministic = Annotated[
    bool,
    typer.Option(
        "--nondeterministic",
        help="Run though the environment isn't deterministic; such a run can't be resumed or replayed.",
    ),
]
Ask = Annotated[
    bool, typer.Option("--ask", help="Put questions to people at this terminal, instead of leaving them in the inbox.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Lines = Annotated[
    bool, typer.Option("--jsonl", help="Print what happens as JSON Lines, as it happens; the last one is the run.")
]
HOME = Path(".doxa")


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; SIGTERM cancels it, as Ctrl-C does.

    Raises:
        Terminated: It was stopped by SIGTERM.
    """
    return asyncio.run(_terminable(coroutine))


class Terminated(BaseException):
    """SIGTERM. Like ``KeyboardInterrupt`` no error; but that one typer turns into the exit code of Ctrl-C."""

    exit_code = 128 + signal.SIGTERM


async def _terminable(coroutine: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    came: list[bool] = []

    def stop() -> None:
        came.append(True)
        if task is not None:
            task.cancel()

    with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows; not the main thread
        loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        return await coroutine
    except asyncio.CancelledError:
        if came:
            raise Terminated from None
        raise


def pairs(settings: list[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` options as a mapping.

    Raises:
        SetupError: One isn't of that form.
    """
    found: dict[str, str] = {}
    for text in settings or []:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise SetupError(f"--set {text}: write it as KEY=VALUE")
        found[key] = value
    return found


def overridden(experiment: Experiment, **given: Any) -> Experiment:  # noqa: ANN401  settings of several types
    """An experiment with those of its settings replaced that were given on the command line."""
    return replace(experiment, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class Loaded:
    """An experiment, and how it was loaded: what its run records, so that it can be loaded again."""

    experiment: Experiment
    reference: dict[str, Any]


def loaded(spec: str, settings: list[str], changes: list[str]) -> Loaded:
    """Load an experiment.

    Raises:
        SetupError: It can't be loaded, or a change doesn't fit it.
    """
    from ..graphs import load_experiment
    from ..graphs.branching import changed

    told = {"spec": spec, "settings": settings, "changes": changes, "folder": str(Path.cwd())}
    return Loaded(changed(load_experiment(spec, pairs(settings)), changes), told)


def recalled(
    run: Run, settings: list[str] | None = None, changes: list[str] | None = None, spec: str | None = None
) -> Loaded:
    """Load a run's experiment again where it was loaded then, with more settings and changes if given.

    Args:
        run: Which.
        settings: Added to those that it had.
        changes: Added to those that it had.
        spec: Where the SPEC is now, if it isn't where it was.

    Raises:
        SpecError: It was started from Python, or isn't there any more.
    """
    see_single(run)
    if "proved" in run.reference:
        whole = f"doxa prove {run.reference['proved'] or 'TASK'}"
        raise SpecError(f"run {run.id} is the arm {run.reference['arm']!r} of a proof, and run by: {whole}")
    if "arm" in run.reference:
        whole = f"doxa ablate {run.reference['ablated'] or 'SPEC'}"
        raise SpecError(f"run {run.id} is the arm {run.reference['arm']!r} of an ablation, and run by: {whole}")
    if "spec" not in run.reference and spec is None:
        raise SpecError(
            f"run {run.id} was started from Python, not from a SPEC: go on with train(experiment, home, run={run.id!r})"
        )
    if spec is None:
        _enter(run)
    known = {name: list(run.reference.get(name, ())) for name in ("settings", "changes")}
    found = [*known["settings"], *(settings or [])], [*known["changes"], *(changes or [])]
    return loaded(spec or run.reference["spec"], *found)


def see_single(run: Run) -> None:
    """Check that a run isn't a whole sweep.

    Raises:
        SpecError: It is.
    """
    if run.mode == "sweep":
        raise SpecError(f"{run.id} is a sweep, not a run: name one of its arms, as 'doxa runs' lists them")


def _enter(run: Run) -> None:
    """Go to the folder that a run was started in; one that came from an archive names none, and no file outside."""
    folder, spec = run.reference.get("folder"), str(run.reference["spec"])
    where = f"say where its SPEC is now: --spec path/to/file.py:{spec.rpartition(':')[2]}"
    if folder is None:
        place = Path(spec.rpartition(":")[0])
        there = PureWindowsPath(place)  # knows drives and both slashes
        outside = place.is_absolute() or bool(there.anchor) or ".." in there.parts
        if outside or (place.suffix == ".py" and not place.is_file()):
            raise SpecError(f"run {run.id} came from an archive, and its SPEC {spec} isn't in this folder: {where}")
        typer.echo(f"run {run.id} came from an archive; the code of {spec} in this folder is run for it", err=True)
        return
    try:
        os.chdir(folder)
    except OSError as error:
        raise SpecError(f"run {run.id} was started in {folder}: {error.strerror}; {where}") from None


def run_id(run: str, home: Path) -> str:
    """The newest run for ``last``, or a run's id as it is.

    Raises:
        SpecError: There is no run yet.
    """
    name, at, episode = run.partition("@")
    if name != "last":
        return run
    with journal(home) as opened:
        started = ((run, opened.find(run, -1, "run.started", "")) for run in opened.runs())
        known = [run for run, event in started if event is None or event.payload.get("mode") not in ("store", "sweep")]
    if not known:
        raise SpecError(f"there are no runs in {home}: train first")
    return known[-1] + at + episode


def journal(home: Path) -> Journal:
    """A home's journal, for reading."""
    from ..memory import Home, Journal

    return Journal.open(Home(home), write=False)
