"""Dialogues: what was said as passages, and questions about it read the way that people talk.

Whoever speaks says "I", not their name, and "yesterday", not the month; a question does the opposite. Searched as it
stands, a question finds whatever has the name in it. So names and months are taken out of it and become cues that facts
answer - who said it, when - and the rest is put into the speaker's mouth: "Where does Maya live?" becomes "Where does I
live?" and the cue ``speaker == Maya``. A question about two people or two matters becomes one each. And because an
answer alone hardly tells what it's about, a turn's vector has a share of the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from .belief import Predicate
from .embeddings import Vectors, normalized
from .passages import Fact, Passage
from .readings import Reading

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def spoken(name: str, speaker: str, text: str, time: datetime | None) -> Passage:
    """A turn as a passage, with ``speaker``, ``month`` and ``year`` as facts.

    Args:
        name: Its id.
        speaker: Who said it.
        text: What.
        time: When; ``None`` if nobody knows.
    """
    facts: dict[str, Fact] = {"speaker": speaker}
    if time is not None:
        facts |= {"month": MONTHS[time.month - 1], "year": str(time.year)}
    return Passage(name, text, facts, time)


def in_context(vectors: Vectors, first: Sequence[bool], share: float = 0.3) -> Vectors:
    """The vectors of turns, in order, each with a share of the turn's before it.

    Args:
        vectors: One row per turn, of length 1.
        first: Whether each begins a session, and so has nothing before it.
        share: How much the turn before counts, where the turn itself counts 1.
    """
    before = np.vstack([np.zeros_like(vectors[:1]), vectors[:-1]])
    before[np.asarray(first, bool)] = 0
    return normalized(vectors + share * before)


@dataclass(frozen=True)
class DialogueReader:
    """Reads questions about a dialogue in English.

    Attributes:
        speakers: Names as they stand in the questions.
    """

    speakers: tuple[str, ...]

    def __call__(self, question: str) -> tuple[Reading, ...]:
        """The question's parts, each with its cues."""
        when = re.findall(rf"\b({'|'.join(MONTHS)})\b", question)  # of the whole question, as a rule
        return tuple(
            reading for part in re.split(r",\s+and\s+", question) for reading in self._readings(part, tuple(when))
        )

    def _readings(self, part: str, when: tuple[str, ...]) -> list[Reading]:
        named = [name for name in self.speakers if re.search(rf"\b{re.escape(name)}\b", part)]
        timed = (Predicate(fact="month", op="in", value=when),) if when else ()
        cues = [(Predicate(fact="speaker", op="==", value=name), *timed) for name in named] or [timed]
        return [Reading(self._said(part), each) for each in cues]

    def _said(self, part: str) -> str:
        """The part without its times, in the words of the one it's about."""
        months = "|".join(MONTHS)
        text = re.sub(
            rf"^\s*back in ({months})\s*[:,]|\s*\b(in|during|of) ({months})\b( \d{{4}})?", "", part, flags=re.I
        )
        if self.speakers:
            name = rf"\b(?:{'|'.join(map(re.escape, self.speakers))})"
            several = rf"{name}(?:,? and {name[2:]})*"
            text = re.sub(rf"{several}'s\b", "my", text)
            text = re.sub(rf"{several}\b", "I", text)
        return " ".join(text.split())
