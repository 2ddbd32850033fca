"""A reply as it is written: pieces to whoever listens, and in the end the same completion as without streaming.

What is journaled, and so what is replayed, doesn't depend on whether a reply was streamed. Nobody acts on a piece.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeAlias

from .failures import MalformedReplyError

Hearer: TypeAlias = Callable[[str, str], None]
"""Called with the agent's name and the next piece of its reply."""

hearer: ContextVar[Hearer | None] = ContextVar("doxa_hearer", default=None)
"""Who listens to streamed replies in this context; set it before the run begins."""


class Gathered:
    """The pieces of one streamed completion."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._arguments: list[str] = []
        self._refusal: list[str] = []
        self._finish: str | None = None
        self._head: dict[str, Any] = {}

    def add(self, chunk: Mapping[str, Any]) -> str:
        """Take in a chunk and return the text that it adds.

        Raises:
            MalformedReplyError: It belongs to another choice than the first.
        """
        self._head |= {key: chunk[key] for key in ("model", "system_fingerprint", "usage") if chunk.get(key)}
        added = ""
        for choice in chunk.get("choices") or ():
            if choice.get("index"):
                raise MalformedReplyError("one choice was expected, the stream has more")
            delta = choice.get("delta") or {}
            called = "".join(c.get("function", {}).get("arguments") or "" for c in delta.get("tool_calls") or ())
            self._text.append(delta.get("content") or "")
            self._arguments.append(called)
            self._refusal.append(delta.get("refusal") or "")
            self._finish = choice.get("finish_reason") or self._finish
            added += called or self._text[-1]
        return added

    def completion(self) -> dict[str, Any]:
        """What the stream amounts to, as a completion that wasn't streamed; without its end it has no finish reason."""
        message: dict[str, Any] = {"content": "".join(self._text), "refusal": "".join(self._refusal)}
        if any(self._arguments):
            message["tool_calls"] = [{"function": {"arguments": "".join(self._arguments)}}]
        return {**self._head, "choices": [{"message": message, "finish_reason": self._finish}]}


async def gathered(chunks: AsyncIterator[object], agent: str) -> dict[str, Any]:
    """Read a stream to its end, passing its text on piece by piece.

    Raises:
        MalformedReplyError: A chunk isn't one.
    """
    listening, all_of_it = hearer.get(), Gathered()
    async for chunk in chunks:
        if not isinstance(chunk, Mapping):
            raise MalformedReplyError("the stream holds something that is no chunk of a completion")
        piece = all_of_it.add(chunk)
        if piece and listening is not None:
            listening(agent, piece)
    return all_of_it.completion()
