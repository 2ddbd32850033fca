"""What people said, taken in as beliefs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BeliefError
from .common import HOME, HomeDir, Json, RunId, awaited
from .curation import EmbedderName, KnownAt, curation, group, moment, told

if TYPE_CHECKING:
    from ..memory.curation import Curation
    from ..memory.feedback import Lesson, Source, Taken
    from ..memory.transcripts import Said


def register(app: typer.Typer) -> None:
    """Add the command to ``doxa belief``."""
    del app
    group.command()(feedback)


def feedback(
    run: RunId,
    file: Annotated[Path, typer.Option("--from", metavar="FILE", help="A transcript: 'SPEAKER: TEXT' lines, or JSON.")],
    *,
    person: Annotated[
        list[str] | None,
        typer.Option("--person", metavar="NAME", help="A speaker of your team; anybody else is a stranger."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Asks a model for lessons that nobody marked; costs a call.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be taken in; of --model only its call is recorded.")
    ] = False,
    known_at: KnownAt = None,
    embedder: EmbedderName = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Take in lessons from a transcript: lines marked 'LESSON [aspect | for]: statement', or what a model finds."""
    from ..memory.canonical import sha256
    from ..memory.feedback import Source, marked_lessons, take_in
    from ..memory.transcripts import read_transcript
    from ..models.resolve import resolve_model

    text = _read(file)
    said, people, at = read_transcript(text), frozenset(person or ()), moment(known_at)
    _see_present(people, said)
    lessons, source = marked_lessons(said, people), Source(file.name, sha256(text))
    if not lessons and model is None:
        raise BeliefError(
            f"{file} has no line 'LESSON [aspect | for]: statement': mark what is to be learned, or let a model "
            "find it with --model NAME"
        )
    asked = None if model is None else resolve_model(model)
    with curation(run, home, embedder, write=not dry_run or asked is not None) as hand:
        taken = take_in(hand, lessons, source, known_at=at, dry=dry_run or asked is not None)
        if asked is not None:
            from dataclasses import replace

            from ..graphs.hearing import heard

            hearing = awaited(heard(said, people, asked, hand.memory.journal, hand.memory.run, source.digest))
            marked = {each.said.line for each in lessons}
            more = tuple(each for each in hearing.lessons if each.said.line not in marked)
            lessons, source = (*lessons, *more), replace(source, asked=hearing.asked)
            taken = take_in(hand, lessons, source, known_at=at, dry=dry_run)
        _show(hand, lessons, source, taken, dry=dry_run, as_json=as_json)


def _read(file: Path) -> str:
    from ..memory.transcripts import SIZE

    try:
        if file.stat().st_size > 4 * SIZE:
            raise BeliefError(f"{file} has {file.stat().st_size} bytes; {SIZE} characters are allowed: split it")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BeliefError(f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BeliefError(f"{file} isn't UTF-8 text: {error.reason} at byte {error.start}") from None


def _see_present(people: frozenset[str], said: tuple[Said, ...]) -> None:
    from ..errors import options

    speakers = {each.speaker.casefold(): each.speaker for each in said if each.speaker}
    for name in sorted(people):
        if name.casefold() not in speakers:
            raise BeliefError(f"--person {name!r} says nothing in it: {options(name, sorted(speakers.values()))}")


def _show(
    hand: Curation, lessons: tuple[Lesson, ...], source: Source, taken: Taken, *, dry: bool, as_json: bool
) -> None:
    from ..views import show

    fresh = [each for each in lessons if each not in taken.known]
    data = [
        {
            "op": result.op,
            "belief": result.belief,
            "status": result.added.status if result.added else None,
            "statement": each.addition.statement,
            "evidence": source.note(each.said),
            "trusted": each.trusted,
            "reason": result.reason,
        }
        for each, result in zip(fresh, taken.results, strict=True)
    ]
    del hand

    def lines() -> Iterator[str]:
        for each in data:
            yield f"{'would be: ' if dry else ''}{each['op']}  {each['belief']}: {each['statement']}"
            yield f"  {each['evidence']}; {each['reason']}"
        if taken.known:
            yield f"{len(taken.known)} were taken in before"
        if not data and not taken.known:
            yield "no lessons found"

    show({"dry": dry, "taken": data, "known": len(taken.known)}, told(lines()), as_json=as_json)
