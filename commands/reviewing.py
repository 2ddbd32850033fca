"""What is held back, what a person rules on it, and withdrawing what came from a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BeliefError
from .common import HOME, HomeDir, Json, journal, run_id
from .curation import EmbedderName, curation, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..memory import Belief
    from ..memory.revoking import Revocation

RunOrLast = Annotated[str, typer.Argument(metavar="[RUN]", help="A run's id, or 'last'.")]
Why = Annotated[
    str | None, typer.Option("--why", "--reason", "-r", metavar="REASON", help="Why, in one sentence; stays on record.")
]


def register(group: typer.Typer) -> None:
    """Add the commands to ``doxa beliefs``."""
    group.command()(review)
    group.command()(revoke)


def review(
    run: RunOrLast = "last",
    *,
    approve: Annotated[str | None, typer.Option("--approve", metavar="BELIEF", help="Put it in force.")] = None,
    reject: Annotated[str | None, typer.Option("--reject", metavar="BELIEF", help="Keep it out for good.")] = None,
    why: Why = None,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Show which beliefs are held back and why; or rule on one."""
    if approve is not None and reject is not None:
        raise BeliefError("--approve and --reject are two rulings: give one of them")
    belief = approve or reject
    if belief is None:
        if why is not None:
            raise BeliefError("--why says why a belief is ruled on: give --approve BELIEF or --reject BELIEF with it")
        _list(run, home, as_json=as_json)
        return
    if why is None:
        raise BeliefError(f"ruling on {belief} needs a reason, which stays on record: --why '...'")
    from ..views import show

    with curation(run, home, embedder) as hand:
        result = hand.approve(belief, why) if approve is not None else hand.reject(belief, why)
    data = {"op": result.op, "belief": result.belief, "reason": result.reason, "author": result.author}
    show(data, told([f"{result.op}  {result.belief}: {result.reason}"]), as_json=as_json)


def _list(run: str, home: Any, *, as_json: bool) -> None:  # noqa: ANN401  a path or a server's address
    from ..memory import BeliefMemory
    from ..memory.belief import Status
    from ..views import show

    with journal(home) as opened, BeliefMemory(opened, run_id(run, home)) as memory:
        held = [b for b in memory.beliefs() if b.status in {Status.QUARANTINED, Status.CANDIDATE}]
    lines = [line for b in held for line in _why_held(b)]
    show([_held_json(b) for b in held], told(lines or ["nothing is held back"]), as_json=as_json)


def _held_json(belief: Belief) -> dict[str, Any]:
    from ..memory.vetting import support_of

    return {**belief.model_dump(mode="json"), "support": vars(support_of(belief))}


def _why_held(belief: Belief) -> Iterator[str]:
    """A belief that is held back: what it says, why it waits, what speaks for it, how to rule on it."""
    from ..memory.vetting import support_of
    from ..views import told as says

    s = support_of(belief)
    yield f"{belief.id}  {belief.status.value}  {belief.polarity} {belief.aspect}, by {belief.author}"
    yield f"  {says(belief)}"
    yield f"  why: {belief.held_back or 'nobody has ruled on it'}"
    words = f"; words of {', '.join(belief.words)}" if belief.words else ""
    yield f"  support: {s.episodes} episodes, {s.sources} independent sources{words}"
    yield from (f"  evidence: {e.run} episode {e.episode}, {len(e.steps)} steps: {e.note}" for e in belief.evidence)
    yield f"  doxa beliefs review --approve {belief.id} --why ... (or --reject)"


def revoke(
    run: RunOrLast = "last",
    *,
    source: Annotated[str, typer.Option("--source", metavar="SOURCE", help="What it came from: news, prices, ...")],
    why: Why = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")] = False,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Withdraw everything that came from a source, with what was made of it; all of it stays on record."""
    from ..memory.revoking import revocation
    from ..memory.revoking import revoke as withdraw
    from ..views import show

    if why is None and not dry_run:
        raise BeliefError(f"revoking {source} needs a reason, which stays on record: --why '...', or --dry-run to look")
    with curation(run, home, embedder, write=not dry_run) as hand:
        found = revocation(hand.memory, source) if why is None or dry_run else withdraw(hand, source, why)
    show(_revocation_json(found), told(_revoked(found, dry=dry_run)), as_json=as_json)


def _revocation_json(found: Revocation) -> dict[str, Any]:
    named = {name: [b.id for b in getattr(found, name)] for name in ("gone", "changed", "back")}
    return {"source": found.source, **named, "memories": [m.id for m in found.memories]}


def _revoked(found: Revocation, *, dry: bool) -> Iterator[str]:
    would = "would go" if dry else "is withdrawn"
    yield from (f"{b.id}  {would}: {b.statement}" for b in found.gone)
    yield from (f"{b.id}  {'would stand' if dry else 'stands'} as without {found.source}" for b in found.changed)
    yield from (f"{b.id}  {'would come' if dry else 'comes'} in, kept out until now: {b.statement}" for b in found.back)
    if found.memories:
        yield f"{len(found.memories)} remembered notes {'would be' if dry else 'are'} forgotten"
