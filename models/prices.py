"""What tokens cost, from the price file that litellm ships, read without importing litellm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .protocol import Usage

PRICE_FILE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens.

    Attributes:
        prompt: Of the prompt.
        completion: Of the reply, reasoning included.
        cached: Of those tokens of the prompt that the provider had cached; ``None`` if they cost the same.
    """

    prompt: float
    completion: float
    cached: float | None = None

    def cost(self, usage: Usage) -> float:
        """US dollars."""
        cached = self.prompt if self.cached is None else self.cached
        fresh = usage.prompt_tokens - usage.cached_tokens
        return (fresh * self.prompt + usage.cached_tokens * cached + usage.completion_tokens * self.completion) / 1e6


@dataclass(frozen=True)
class Listing:
    """What the price file says about a model; ``None`` and False where it says nothing.

    Attributes:
        price: Of its tokens.
        most_tokens: A reply can't be longer.
        schema: Whether it takes a JSON schema.
        tools: Whether it calls tools.
    """

    price: Price | None = None
    most_tokens: int | None = None
    schema: bool = False
    tools: bool = False


def listing(model: str) -> Listing | None:
    """What the price file says about ``model``, or ``None`` if it doesn't know it."""
    entry = _price_file().get(model)
    if entry is None:
        return None
    most = entry.get("max_output_tokens")
    return Listing(
        _price(entry),
        most if isinstance(most, int) else None,
        bool(entry.get("supports_response_schema")),
        bool(entry.get("supports_function_calling")),
    )


def _price(entry: Mapping[str, Any]) -> Price | None:
    prompt, completion = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if prompt is None or completion is None:
        return None
    cached = entry.get("cache_read_input_token_cost")
    return Price(prompt * 1e6, completion * 1e6, None if cached is None else cached * 1e6)


@lru_cache(maxsize=1)
def _price_file() -> Mapping[str, Mapping[str, Any]]:
    found = find_spec("litellm")
    if found is None or found.origin is None:
        return {}
    path = Path(found.origin).with_name(PRICE_FILE)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
