"""What a person does to a run's beliefs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from ..errors import BeliefError
from .common import HOME, HomeDir, Json, RunId, run_id
from .misfits import tell_misfits

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..graphs.judgement import Decide
    from ..memory import BeliefMemory, Journal, Predicate, RevisionResult
    from ..memory.belief import Examples, Validity
    from ..memory.curation import Curation

T = TypeVar("T")

BeliefId = Annotated[str, typer.Argument(metavar="BELIEF", help="A belief's id, or its beginning.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why, in one sentence; stays on record.")]
EmbedderName = Annotated[
    str | None, typer.Option("--embedder", help="What the run's vectors were made with: hashing, onnx:FOLDER, ...")
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="TIME", help="When it could be known, on the task's clock; the run's latest."),
]
When = Annotated[
    list[str] | None,
    typer.Option("--when", metavar="CONDITION", help="'FACT OP VALUE', as in 'asset == AAPL' or 'hour in 11,12'."),
]
JudgeModel = Annotated[
    str | None,
    typer.Option("--judge", metavar="MODEL", help="Asked whether it says what others say, where that is open."),
]
Unless = Annotated[
    list[str] | None,
    typer.Option("--unless", metavar="CONDITION", help="An exclusion, as --when: it has to be known not to hold."),
]
Fire = Annotated[
    list[str] | None,
    typer.Option("--must-fire", metavar="FACTS", help="'FACT = VALUE, ...': kept with it, and it must apply there."),
]
Quiet = Annotated[
    list[str] | None,
    typer.Option("--must-not-fire", metavar="FACTS", help="'FACT = VALUE, ...': kept with it, and it mustn't apply."),
]
From = Annotated[
    str | None, typer.Option("--valid-from", metavar="TIME", help="From when on it's valid, on the task's clock.")
]
To = Annotated[
    str | None, typer.Option("--valid-to", metavar="TIME", help="From when on it no longer is; 'never' for no end.")
]
KindName = Literal["belief", "behaviour", "hint", "feedback"]
Polarity = Literal["for", "against"]

group = typer.Typer(no_args_is_help=True, help="Add, edit, pin, approve, dispute and retract single beliefs.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (add, edit, pin, unpin, approve, dispute, retract):
        group.command()(command)
    app.add_typer(group, name="belief")


def verbs() -> Any:  # noqa: ANN401  a private type of typer's
    """The commands for single beliefs."""
    return typer.main.get_group(group)


def add(
    run: RunId,
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="The lesson, one sentence.")],
    aspect: Annotated[str, typer.Option("--aspect", help="A source, or source.signal, that it bears on.")],
    reason: Reason,
    *,
    against: Annotated[bool, typer.Option("--against/--for", help="Act against the aspect, or trust it.")] = False,
    concept: Annotated[str, typer.Option("--concept", help="A name for it.")] = "human feedback",
    kind: Annotated[KindName, typer.Option("--kind", help="What sort of lesson; a hint is for one instance.")] = (
        "feedback"
    ),
    when: When = None,
    unless: Unless = None,
    must_fire: Fire = None,
    must_not_fire: Quiet = None,
    valid_from: From = None,
    valid_to: To = None,
    sentence: Annotated[str, typer.Option("--scope", help="When it applies, in words.")] = "",
    audience: Annotated[list[str] | None, typer.Option("--audience", help="An agent it is for.")] = None,
    support: Annotated[int, typer.Option("--support", min=0, help="How many good outcomes it is worth.")] = 1,
    known_at: KnownAt = None,
    judge: JudgeModel = None,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Add what you know; it is scoped, kept and handed out like any other belief."""
    from ..memory.belief import Scope
    from ..memory.interventions import Addition

    polarity: Polarity = "against" if against else "for"
    with curation(run, home, embedder, judge=judge) as hand:
        scope = Scope(when=conditions(when), unless=conditions(unless, "--unless"), sentence=sentence)
        said = {"concept": concept, "statement": statement, "aspect": aspect, "polarity": polarity, "scope": scope}
        said |= {"audience": tuple(audience or ()), "support": support, "reason": reason, "form": kind}
        said |= {"examples": _examples(must_fire, must_not_fire), "validity": _validity(valid_from, valid_to)}
        lesson = checked(Addition, said)
        added = hand.add(lesson, known_at=moment(known_at))
        _show([added], as_json=as_json)
        tell_misfits(hand.memory, aspect, audience, scope.when)


def edit(
    run: RunId,
    belief: BeliefId,
    reason: Reason,
    *,
    statement: Annotated[str | None, typer.Option("--statement", help="The new wording.")] = None,
    aspect: Annotated[str | None, typer.Option("--aspect", help="Another aspect; drops the evidence.")] = None,
    against: Annotated[bool | None, typer.Option("--against/--for", help="The polarity; drops the evidence.")] = None,
    concept: Annotated[str | None, typer.Option("--concept", help="Another name.")] = None,
    kind: Annotated[KindName | None, typer.Option("--kind", help="Another sort of lesson.")] = None,
    when: When = None,
    unless: Unless = None,
    must_fire: Fire = None,
    must_not_fire: Quiet = None,
    valid_from: From = None,
    valid_to: To = None,
    sentence: Annotated[str | None, typer.Option("--scope", help="When it applies, in words.")] = None,
    audience: Annotated[list[str] | None, typer.Option("--audience", help="An agent it is for.")] = None,
    known_at: KnownAt = None,
    judge: JudgeModel = None,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Put another wording, scope or audience in a belief's place; the old one stays on record.

    Of conditions, exclusions and examples those given take the place of all the old ones.
    'never' as a time lifts a limit.
    """
    with curation(run, home, embedder, judge=judge) as hand:
        old = hand.memory.get(belief)
        scope: dict[str, Any] = {"when": conditions(when)} if when is not None else {}
        scope |= {"unless": conditions(unless, "--unless")} if unless is not None else {}
        scope |= {} if sentence is None else {"sentence": sentence}
        asked = {
            "statement": statement,
            "aspect": aspect,
            "polarity": None if against is None else "against" if against else "for",
            "concept": concept,
            "kind": kind,
            "scope": old.scope.model_copy(update=scope) if scope else None,
            "examples": _examples(must_fire, must_not_fire, old.examples) if must_fire or must_not_fire else None,
            "validity": _validity(valid_from, valid_to, old.validity) if valid_from or valid_to else None,
            "audience": tuple(audience) if audience else None,
        }
        changes: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
        edited = guarded(hand.edit, old.id, reason, known_at=moment(known_at), **changes)
        _show([edited], as_json=as_json)
        tell_misfits(hand.memory, aspect, audience, scope.get("when", ()))


def pin(run: RunId, belief: BeliefId, reason: Reason, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Keep a belief from being revised, retracted or rolled back."""
    with curation(run, home) as hand:
        _show([guarded(hand.pin, belief, reason)], as_json=as_json)


def unpin(run: RunId, belief: BeliefId, reason: Reason, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Let a pinned belief be revised again."""
    with curation(run, home) as hand:
        _show([guarded(hand.unpin, belief, reason)], as_json=as_json)


def approve(run: RunId, belief: BeliefId, reason: Reason, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Put a belief in force: a candidate, or one that is quarantined, disputed, superseded or retired."""
    from ..graphs.run import going_on, place_of
    from ..memory.questions import Reply, replied, waiting_for
    from ..views import show
    from .inbox import who

    with curation(run, home) as hand:
        journal, found = hand.memory.journal, hand.memory.get(belief).id
        if asked := waiting_for(journal, hand.memory.run, found):
            done = replied(journal, asked, Reply("approve", reason), who())
            data = [{"op": "approval", "belief": found, "reason": f"it answers {done.id}", "author": done.agent}]
            then = going_on(done.run, place_of(journal, done.run).reference)
            show(data, f"{found} is approved, which answers {done.id}; go on with it: {then}", as_json=as_json)
            return
        _show([guarded(hand.approve, belief, reason)], as_json=as_json)


def dispute(
    run: RunId,
    belief: BeliefId,
    reason: Reason,
    rival: Annotated[str | None, typer.Option("--rival", help="The belief that contradicts it.")] = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Doubt a belief: it enters prompts marked as disputed only."""
    with curation(run, home) as hand:
        _show([guarded(hand.dispute, belief, reason, rival)], as_json=as_json)


def retract(
    run: RunId,
    belief: BeliefId,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Why; not needed for --dry-run.")] = None,
    cascade: Annotated[bool, typer.Option("--cascade/--no-cascade", help="With what was derived from it.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")] = False,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Give a belief up, with everything derived from it; all of it stays on record."""
    if not dry_run and reason is None:
        raise BeliefError(
            "retracting needs a reason, which stays on record: --reason '...', or --dry-run to look first"
        )
    with curation(run, home, write=not dry_run) as hand:
        if reason is None or dry_run:
            _plan(hand, belief, cascade=cascade, as_json=as_json)
        else:
            _show(guarded(hand.retract, belief, reason, cascade=cascade), as_json=as_json)


def _plan(hand: Curation, belief: str, *, cascade: bool, as_json: bool) -> None:
    from ..views import show

    root = hand.memory.get(belief)
    also = hand.derived(root.id) if cascade else ()
    lines = [f"{root.id}  {'PINNED, unpin it first' if root.pinned else 'would go'}: {root.statement}"]
    lines += [f"{d.belief}  {'stays, it is pinned' if d.pinned else 'would go'}: {d.reason}" for d in also]
    data = {"belief": root.id, "pinned": root.pinned, "derived": [vars(d) for d in also]}
    show(data, told(lines), as_json=as_json)


def _show(results: tuple[RevisionResult, ...] | list[RevisionResult], *, as_json: bool) -> None:
    from ..views import show

    data = [{"op": r.op, "belief": r.belief, "reason": r.reason, "author": r.author} for r in results]
    show(data, told(f"{r.op}  {r.belief}: {r.reason}" for r in results), as_json=as_json)


def told(lines: Iterable[str]) -> RenderableType:
    """Lines for a terminal, without markup or control characters; where they are broken the rest stands further in."""
    from rich.console import Group

    from ..views import Hanging

    return Group(*(Hanging(line) for line in lines))


@contextmanager
def curation(
    run: str, home: Path, embedder: str | None = None, *, write: bool = True, judge: str | None = None
) -> Iterator[Curation]:
    """A hand on a run's memory."""
    from ..memory import BeliefMemory, Home, Journal
    from ..memory.curation import Curation
    from ..memory.kept import embedder_for

    known = run_id(run, home)
    with Journal.open(Home(home), write=False) as reading:
        reading.require(known)
        if write:
            see_whole(reading, known)
    with (
        Journal.open(Home(home), write=write) as journal,
        BeliefMemory(journal, known, embedder=embedder_for(journal, known, embedder)) as memory,
    ):
        yield Curation(memory, decide=_judge(memory, judge))


def see_whole(journal: Journal, run: str) -> None:
    """Make sure that a run and those it started from are as they were written: nothing is built on anything else.

    Raises:
        JournalError: One isn't; the message names the last good event.
    """
    from ..memory.recorded import chain

    for each in chain(journal, run):
        journal.verify(each.run)


def _judge(memory: BeliefMemory, model: str | None) -> Decide | None:
    if model is None:
        return None
    from ..graphs.judgement import decider

    return decider(memory, model)


def guarded(operation: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401  passes through what it's given
    """Call an operation, and say in one line what is wrong with its arguments' form."""
    from pydantic import ValidationError

    try:
        return operation(*arguments, **named)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        told = first["msg"].removeprefix("Value error, ")
        raise BeliefError(f"{where}: {told}" if where else told) from None


def checked(kind: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401
    """A pydantic object from what was given on the command line."""
    return guarded(kind, **given)


def moment(text: str | None) -> datetime | None:
    """A time as it was typed.

    Raises:
        BeliefError: It isn't ISO 8601.
    """
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BeliefError(f"{text!r} isn't a time: write it as 2021-01-31 or 2021-01-31T00:00:00+00:00") from None


def conditions(texts: list[str] | None, option: str = "--when") -> tuple[Predicate, ...]:
    """Conditions as they were typed after an option.

    Raises:
        BeliefError: One isn't of the form ``FACT OP VALUE``.
    """
    return tuple(_condition(text, option) for text in texts or ())


def _condition(text: str, option: str) -> Predicate:
    from ..memory.conditions import condition

    return _named(condition, text, option)


def _examples(fire: list[str] | None, quiet: list[str] | None, old: Examples | None = None) -> Examples:
    """Situations as they were typed; those given take the place of the old ones."""
    from ..memory.belief import Examples
    from ..memory.conditions import situation

    told = {"fire": (fire, "--must-fire"), "quiet": (quiet, "--must-not-fire")}
    kept = {} if old is None else {"fire": old.fire, "quiet": old.quiet}
    made = {name: tuple(_named(situation, t, option) for t in texts) for name, (texts, option) in told.items() if texts}
    return Examples(**(kept | made))


def _validity(begin: str | None, end: str | None, old: Validity | None = None) -> Validity:
    """Times as they were typed; ``never`` stands for none."""
    from ..memory.belief import Validity

    given = {"valid_from": begin, "valid_to": end}
    told = {} if old is None else old.model_dump()
    told |= {name: None if text == "never" else moment(text) for name, text in given.items() if text is not None}
    return checked(Validity, told)  # type: ignore[no-any-return]


def _named(reading: Callable[[str], T], text: str, option: str) -> T:
    """Read a text as it was typed after an option, and name the option if it can't be."""
    try:
        return guarded(reading, text)  # type: ignore[no-any-return]
    except BeliefError as error:
        raise BeliefError(f"{option} {error}") from None
