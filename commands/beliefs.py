"""What a run came to believe."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import BeliefError
from . import curation, reviewing
from .common import HOME, HomeDir, Json, RunId, journal, run_id
from .curation import EmbedderName, conditions

if TYPE_CHECKING:
    from ..graphs import Run
    from ..memory import BeliefMemory


class _OrListed(TyperGroup):
    """``doxa beliefs RUN`` is short for ``doxa beliefs list RUN``, and ``doxa belief VERB`` may be asked for here."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  a private type of typer's
        """Take what names no command as arguments of ``list``."""
        named = bool(args) and (args[0] == "--help" or self.get_command(ctx, args[0]) is not None)
        return super().parse_args(ctx, args if named else ["list", *args])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401  private types of typer's
        """A command of this group, or of the one for single beliefs: no run has the name of one."""
        return super().get_command(ctx, cmd_name) or curation.verbs().get_command(ctx, cmd_name)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        cls=_OrListed, help="List, search and review a run's beliefs, and revoke what came of a source."
    )
    group.command("list")(beliefs)
    reviewing.register(group)
    app.add_typer(group, name="beliefs")


def beliefs(
    run: RunId,
    belief: Annotated[str | None, typer.Argument(metavar="[BELIEF]", help="A belief's id, or its beginning.")] = None,
    *,
    lift: Annotated[
        bool, typer.Option("--lift", help="What each was worth to whom, by the episodes it was held out of.")
    ] = False,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="What bears on a text, the best first.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="CONDITION", help="Only what meets it: 'status == active'; with --search."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="WHEN", help="As of an episode or time, 3 or 2021-01-31; with --search."),
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help="How many, 5 by default; with --search.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="What each score is made of; with --search.")] = False,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """List a run's beliefs, or search them; or show one with its evidence, its lineage, and where it went and why."""
    from ..graphs import Run
    from ..memory import BeliefMemory
    from ..memory.kept import embedder_for
    from ..views import belief_json, belief_view, beliefs_json, beliefs_table, show

    with ExitStack() as stack:
        opened = stack.enter_context(journal(home))
        known = Run.read(opened, run_id(run, home))
        made = embedder_for(opened, known.id, embedder)
        memory = stack.enter_context(BeliefMemory(opened, known.id, embedder=made, parent=known.parent))
        if search is not None:
            _search(memory, Asked(search, belief, where, as_of, top or 5, explain), as_json=as_json)
        elif given := [
            f"--{n}" for n, v in (("where", where), ("as-of", as_of), ("top", top), ("explain", explain)) if v
        ]:
            raise BeliefError(f"{given[0]} says how to search, and nothing is searched for: give --search TEXT")
        elif lift:
            _lifts(memory, known, belief, as_json=as_json)
        elif belief is None:
            show(beliefs_json(memory), beliefs_table(memory), as_json=as_json)
        else:
            show(belief_json(memory, belief), belief_view(memory, belief), as_json=as_json)


@dataclass(frozen=True)
class Asked:
    """What was asked for with ``--search``."""

    text: str
    belief: str | None
    where: list[str] | None
    as_of: str | None
    top: int
    explain: bool


def _search(memory: BeliefMemory, asked: Asked, *, as_json: bool) -> None:
    from ..reports import found_view
    from ..views import show

    if asked.belief is not None:
        raise BeliefError(f"--search looks through all beliefs and {asked.belief!r} names one: give one of the two")
    if not asked.text.strip():
        raise BeliefError("--search '': write what the beliefs should bear on, as in --search 'rising rates'")
    when = None if asked.as_of is None else _moment(asked.as_of)
    found = memory.search(
        asked.text, asked.top, where=conditions(asked.where, "--where"), as_of=when, explain=asked.explain
    )
    show([asdict(hit) for hit in found], found_view(found), as_json=as_json)


def _moment(text: str) -> int | datetime:
    """An episode or a time.

    Raises:
        BeliefError: It is neither.
    """
    if text.isdecimal():
        return int(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BeliefError(f"--as-of {text!r}: write an episode's number or a time, as 3 or 2021-01-31") from None


def _lifts(memory: BeliefMemory, run: Run, belief: str | None, *, as_json: bool) -> None:
    from ..memory.credit import exposures, lifts
    from ..reports import lifts_json, lifts_view
    from ..views import show

    policy = run.spec.get("propagation", {})
    confidence = float(policy.get("confidence", 0.95)) if isinstance(policy, dict) else 0.95
    wanted = None if belief is None else memory.get(belief).id
    found = [f for f in lifts(exposures(memory.journal.events(run.id)), confidence) if wanted in {None, f.belief}]
    show(lifts_json(found), lifts_view(memory, found, confidence), as_json=as_json)
