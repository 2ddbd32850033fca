"""Beliefs to and from files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BeliefError
from .common import HOME, HomeDir, Json, RunId, journal, run_id
from .curation import EmbedderName, Reason, curation, group, told
from .files import write_lines

LARGEST = 256 * 1024**2
"""Bytes that a file of beliefs may have."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..memory import RevisionResult


def register(app: typer.Typer) -> None:
    """Add the commands to ``doxa belief``."""
    del app
    group.command("export")(export_beliefs)
    group.command("import")(import_beliefs)


def export_beliefs(
    run: RunId,
    home: HomeDir = HOME,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file; standard output without it.")] = None,
) -> None:
    """Write a run's beliefs as JSON lines."""
    from ..memory import BeliefMemory
    from ..memory.interchange import exported

    with journal(home) as opened, BeliefMemory(opened, run_id(run, home)) as memory:
        write_lines(exported(memory.beliefs()), out)


def import_beliefs(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines, as 'doxa belief export' writes them.")],
    reason: Reason,
    into: Annotated[str | None, typer.Option("--into", metavar="RUN", help="A run; a new one without it.")] = None,
    name: Annotated[str, typer.Option("--name", help="Names the new run.")] = "imported",
    untrusted: Annotated[
        bool,
        typer.Option("--untrusted", help="Strangers wrote it: all of it is tainted and waits for approval."),
    ] = False,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Take over beliefs from a file, into a run or into a new one that others can start from."""
    from ..memory.interchange import parsed, take_in
    from ..views import show

    lines = _read(file)
    if into is None:
        with _named(file):
            parsed(lines)  # before there is a run for them
        into = _begun(name, home)
    with curation(into, home, embedder) as hand, _named(file):
        results = take_in(hand, lines, reason, f"file {file.name}" if untrusted else "")
        run = hand.memory.run
    data = {"run": run, "beliefs": [r.belief for r in results]}
    show(data, told([f"{run}: {len(results)} beliefs taken over from {file}{_held(results)}"]), as_json=as_json)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Say of which file the line is that is wrong."""
    try:
        yield
    except BeliefError as error:
        raise BeliefError(f"{file}, {error}" if str(error).startswith("line ") else str(error)) from None


def _held(results: Sequence[RevisionResult]) -> str:
    held = sum(r.added is not None and r.added.status.value == "quarantined" for r in results)
    return f"; {held} of them quarantined: doxa beliefs review" if held else ""


def _begun(name: str, home: Path) -> str:
    """A run that holds beliefs and nothing else; it has ended."""
    from ..graphs.run import END
    from ..memory import Entry, Home, Journal

    with Journal.open(Home(home), write=True) as opened:
        run = opened.begin(name)
        opened.append(run, [Entry(END, "run.ended", "")])
    return run


def _read(file: Path) -> list[str]:
    try:
        if (size := file.stat().st_size) > LARGEST:
            raise BeliefError(f"{file} has {size:,} bytes; a file of beliefs may have {LARGEST:,}: split it")
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BeliefError(f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BeliefError(f"{file} isn't UTF-8 text: {error.reason} at byte {error.start}") from None
