"""People asked by LangGraph's own means, in graphs that somebody else compiled with a checkpointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.config import get_config
from langgraph.types import interrupt

from ..memory.journal import Journal
from ..memory.questions import GIVEN, Question, Reply, asked, replied


@dataclass(frozen=True)
class Interrupts:
    """Every question is an ``interrupt``; ``Command(resume=...)`` answers it, with a value or ``{"value", "reason"}``.

    Give it to an :class:`~doxa.agents.Episode` as ``people=Interrupts()``. Question and answer are journaled as ever:
    what was answered in an earlier thread isn't asked again, and a value that doesn't fit interrupts once more.
    """

    async def ask(self, journal: Journal, questions: Sequence[Question]) -> tuple[Reply, ...]:
        """The replies to questions, each in its turn; without a checkpointer LangGraph says what's wrong."""
        return tuple(_reply(journal, asked(journal, question)) for question in questions)


def _reply(journal: Journal, question: Question) -> Reply:
    task = _task()
    if question.reply is not None and _given_in(journal, question) != task:
        return question.reply
    # LangGraph counts a node's interrupts and runs the node anew for each: what it was told has to be taken in turn
    reply = _read(interrupt(_shown(question)))
    while (refused := question.misfit(reply.value)) is not None:
        reply = _read(interrupt({**_shown(question), "refused": refused}))
    if question.reply is None:
        replied(journal, question, reply, f"interrupt {task}")
    return question.reply or reply


def _task() -> str:
    """Which node of which thread is running; the same when it runs again after an interrupt."""
    now = get_config()["configurable"]
    return f"{now.get('thread_id', '')} {now.get('checkpoint_ns', '')}"


def _given_in(journal: Journal, question: Question) -> str:
    given = journal.find(question.run, question.episode, GIVEN, question.key)
    return "" if given is None else str(given.payload["by"]).removeprefix("interrupt ")


def _shown(question: Question) -> dict[str, Any]:
    told = {name: getattr(question, name) for name in ("id", "agent", "step", "about", "text", "allowed", "default")}
    return {**told, "schema": dict(question.schema)}


def _read(told: object) -> Reply:
    """What ``Command(resume=...)`` brought."""
    if isinstance(told, Mapping) and "value" in told and set(told) <= {"value", "reason"}:
        return Reply(told["value"], str(told.get("reason", "")))
    return Reply(told)
