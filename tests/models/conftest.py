"""What the tests of the model layer share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from doxa.models import Message, Request, Settings


class Stance(BaseModel):
    side: Literal["up", "down"]
    confidence: float = Field(ge=0, le=1)


@pytest.fixture(name="question")
def ask_for_a_stance() -> Callable[..., Request[Stance]]:
    def question(text: str = "what now?", agent: str = "news", **settings: Any) -> Request[Stance]:
        messages = (Message("system", "You read news."), Message("user", text))
        return Request(agent, messages, Stance, Settings(**settings))

    return question
