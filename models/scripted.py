"""A model that says what a script tells it to: for tests and examples."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from ..errors import ModelSetupError, options
from .protocol import Reply, Request, WorstCase

Line = BaseModel | Mapping[str, Any] | str | Reply | Exception
"""One scripted answer: a value, its JSON, the raw text, a whole reply, or a failure to raise."""

Part = Iterable[Line] | Callable[[Request[Any]], Line | Awaitable[Line]]
"""What one agent is given: its answers in order, or a function of the request, which may be a coroutine."""


class ScriptedModel:
    """Answers from a script, one for all agents or one per agent, and remembers what it was asked.

    >>> model = ScriptedModel({"news": ['{"stance": 1}', {"stance": 0}], "manager": lambda request: {"action": "buy"}})

    Args:
        answers: A part for everyone, or a part per agent by name.
        name: What requests' digests and journals call the model.
    """

    def __init__(self, answers: Part | Mapping[str, Part], *, name: str = "scripted") -> None:
        self.name = name
        self.requests: list[Request[Any]] = []
        """Every request so far, in order of arrival."""
        parts = answers if isinstance(answers, Mapping) else {"": answers}
        self._everyone = not isinstance(answers, Mapping)
        self._parts = {agent: part if callable(part) else iter(part) for agent, part in parts.items()}

    async def complete(self, request: Request[Any]) -> Reply:
        """The next answer of the agent's part.

        Raises:
            ModelSetupError: The script has no part for the agent, or the part has come to its end.
            Exception: Whatever the script says.
        """
        self.requests.append(request)
        part = self._part(request.agent)
        line = part(request) if callable(part) else self._next(part, request.agent)
        if inspect.isawaitable(line):
            line = await line
        if isinstance(line, Exception):
            raise line
        return line if isinstance(line, Reply) else Reply(_text(line), cost=0.0, model=self.name)

    def worst_case(self, request: Request[Any]) -> WorstCase:  # noqa: ARG002
        """Nothing: a script is free."""
        return WorstCase(tokens=0, cost=0.0)

    def _part(self, agent: str) -> Iterator[Line] | Callable[[Request[Any]], Line | Awaitable[Line]]:
        key = "" if self._everyone else agent
        if key not in self._parts:
            raise ModelSetupError(f"the script has no part for agent {agent!r}: {options(agent, self._parts)}")
        return self._parts[key]

    def _next(self, part: Iterator[Line], agent: str) -> Line:
        for line in part:
            return line
        asked = sum(request.agent == agent or self._everyone for request in self.requests)
        raise ModelSetupError(
            f"the script has no answer left for question {asked} of agent {agent!r}: add answers or pass a function"
        )


def _text(line: BaseModel | Mapping[str, Any] | str) -> str:
    if isinstance(line, str):
        return line
    return line.model_dump_json() if isinstance(line, BaseModel) else json.dumps(line, ensure_ascii=False)
