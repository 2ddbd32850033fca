"""How a node asks people, and what becomes of a node whose question nobody has answered yet.

A node asks through ``episode.people`` and never knows who answers, or when: :class:`Inbox` leaves the question in the
journal and lets the run stop; ``Interrupts`` (in ``interrupts``) hands it to LangGraph. Either way question and answer
are events of the run, and asking again at the same place is answered by the journal.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import WaitingError
from ..memory.journal import Journal
from ..memory.questions import ANSWER, QUESTION, Question, Reply, asked, replied

Given: TypeAlias = Reply | str | int | float | bool | dict[str, object] | list[object] | None
"""What a callable may answer: a reply, its value alone, or ``None`` for nobody there."""
Answers: TypeAlias = Callable[[Question], Given | Awaitable[Given]]


@dataclass(frozen=True)
class Inbox:
    """Questions go into the journal; what isn't answered there, and by nobody at hand, is waited for.

    Attributes:
        answers: Called with each open question, for somebody who is there: at a terminal, in a notebook.
        source: A run whose answers to the same questions count here, too: the one that was branched from.
        by: Recorded, on this machine only, as who answered through ``answers``.
    """

    answers: Answers | None = None
    source: str | None = None
    by: str = "answers"

    async def ask(self, journal: Journal, questions: Sequence[Question]) -> tuple[Reply, ...]:
        """The replies to some questions, all of them asked before any is waited for.

        Raises:
            WaitingError: Some have none yet.
            QuestionError: Somebody at hand gave an answer that doesn't fit.
        """
        found = [self._known(journal, asked(journal, question)) for question in questions]
        found = [question if question.reply else await self._at_hand(journal, question) for question in found]
        missing = [question for question in found if question.reply is None]
        if missing:
            raise WaitingError(missing[0].run, [question.id for question in missing])
        return tuple(question.reply for question in found if question.reply is not None)

    def _known(self, journal: Journal, question: Question) -> Question:
        """The question, with the answer that the run branched from had to the same."""
        if question.reply is not None or self.source is None:
            return question
        there = journal.find(self.source, question.episode, QUESTION, question.key)
        answer = journal.find(self.source, question.episode, ANSWER, question.key)
        if there is None or answer is None or dict(there.payload) != question.entries()[0].payload:
            return question
        return replied(journal, question, Reply(**answer.payload), f"run {self.source}")

    async def _at_hand(self, journal: Journal, question: Question) -> Question:
        given = None if self.answers is None else self.answers(question)
        value = await given if inspect.isawaitable(given) else given
        if value is None:
            return question
        return replied(journal, question, value if isinstance(value, Reply) else Reply(value), self.by)
