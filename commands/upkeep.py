"""A home's memory kept in order, and a run's beliefs looked through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import JournalError
from .common import HOME, HomeDir, Json, RunId, journal
from .curation import EmbedderName, curation, group, told

if TYPE_CHECKING:
    from ..memory.upkeep import Verdict

memory = typer.Typer(no_args_is_help=True, help="Check a home's journal, and rebuild or renew its index.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group.command()(audit)
    for command in (verify, rebuild, reembed):
        memory.command()(command)
    app.add_typer(memory, name="memory")


def audit(
    run: RunId,
    days: Annotated[float, typer.Option("--days", min=0, help="Without new evidence, a belief is stale.")] = 365.0,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Look for duplicates, disputed, stale, never used, echoing, copied and tainted beliefs."""
    from ..memory import audit as auditing
    from ..views import show

    with curation(run, home, embedder, write=False) as hand:
        found = auditing.audit(hand.memory, days=days)
        count = len(hand.memory.beliefs())
    lines = [f"{f.kind}  {' '.join(f.beliefs)}: {f.told}" for f in found]
    show([vars(f) for f in found], told(lines or [f"nothing to say about {count} beliefs"]), as_json=as_json)


def verify(home: HomeDir = HOME, as_json: Json = False) -> None:
    """Check every run's hash chain; a broken one is named with its last good point."""
    from ..memory import upkeep
    from ..views import show

    with journal(home) as opened:
        verdicts = upkeep.verify(opened)
    lines = [f"{v.run}  {v.error or f'good, {v.good} events{_open(v)}'}" for v in verdicts] or ["no runs"]
    show([vars(v) for v in verdicts], told(lines), as_json=as_json)
    if broken := [v for v in verdicts if v.error]:
        raise JournalError(f"{len(broken)} of {len(verdicts)} runs aren't what was written: {broken[0].error}")


def _open(verdict: Verdict) -> str:
    return "" if verdict.ended else "; not ended, so events missing at its very end wouldn't show"


def rebuild(home: HomeDir = HOME, as_json: Json = False) -> None:
    """Make the index anew from the journal; nothing is embedded again."""
    from ..memory import Home, Journal, upkeep
    from ..views import show

    _see(home)
    with Journal.open(Home(home), write=True) as opened:
        done = upkeep.rebuild(opened)
    lines = [f"{r.beliefs} beliefs of {r.generation}" for r in done] or ["there are no beliefs yet"]
    show([vars(r) for r in done], told(lines), as_json=as_json)


def reembed(
    embedder: Annotated[str, typer.Option("--embedder", help="hashing, onnx:FOLDER, chroma:NAME or litellm:MODEL")],
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Embed all beliefs again with another embedder, and switch to it; the old vectors stay."""
    from ..memory import Home, Journal, upkeep
    from ..memory import embedder as made
    from ..views import show

    _see(home)
    with Journal.open(Home(home), write=True) as opened:
        done = upkeep.reembed(opened, made(embedder))
    show(
        vars(done),
        f"{done.beliefs} beliefs are of {done.generation} now; start runs with that embedder",
        as_json=as_json,
    )


def _see(home: HomeDir) -> None:
    """Don't make a home only to look after it."""
    journal(home).close()
