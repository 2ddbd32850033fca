"""Asking a model for the lessons in a transcript; the call is journaled with the run that they are for."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ..critics.listener import NAME, additions, listening
from ..memory.curation import last_episode
from ..memory.feedback import Lesson, lesson
from ..memory.journal import Journal
from ..memory.past import Asked
from ..memory.transcripts import Said
from ..models.protocol import Model, Place
from ..models.routing import team
from .recording import JournalLog

_AFTER, _PHASE = 999_999, 89
"""Where the call stands: after everything else of an episode, before what people do to beliefs."""


@dataclass(frozen=True)
class Hearing:
    """What a model made of a transcript.

    Attributes:
        lessons: In the transcript's order.
        asked: Who answered.
    """

    lessons: tuple[Lesson, ...]
    asked: Asked


async def heard(
    said: Sequence[Said], people: AbstractSet[str], model: Model, journal: Journal, run: str, digest: str
) -> Hearing:
    """The lessons that a model finds; asked the same again, the journal answers.

    A model that has read a stranger's words may say what the stranger wants, in whoever's name: then none of its
    lessons is trusted.

    Args:
        said: The transcript.
        people: Speakers who are of the team.
        model: Who is asked.
        journal: Open for writing.
        run: For which.
        digest: A sha256 over the transcript.

    Raises:
        CallError: The model can't answer.
    """
    request, place = listening(said), Place(last_episode(journal, run), _AFTER, _PHASE, NAME, part=digest[:12])
    async with team({NAME: model}, log=JournalLog(journal, run)) as asker:
        answer = await asker.ask(request, place)
    trusted = {name.casefold() for name in people}
    mixed = any(each.speaker.casefold() not in trusted for each in said)
    found = additions(answer.value, said)
    lessons = [lesson(each, a, people, mixed=mixed) for each in said for a in found.get(each, ())]
    return Hearing(tuple(lessons), Asked(model.name, request.digest(model.name)))
