"""What tokens cost, from the price file that litellm ships, read without importing litellm."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .protocol import REPLY_BOUND, Request, Usage, WorstCase, prompt_bound
from .schemas import schema_of

LONG = r"(_above_\d+k_tokens)?"
"""Ends the names of prices that hold for long prompts."""

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
        ceiling: The most they may cost: of long prompts, of writing to the provider's cache.
        most_tokens: A reply can't be longer.
        schema: Whether it takes a JSON schema.
        tools: Whether it calls tools.
    """

    price: Price | None = None
    ceiling: Price | None = None
    most_tokens: int | None = None
    schema: bool = False
    tools: bool = False


def bound(request: Request[Any], most_tokens: int | None, price: Price | None) -> WorstCase:
    """The prompt at a token a byte, its schema included, and as long a reply as the model may write."""
    schema = schema_of(request.response_type)
    usage = Usage(prompt_bound(request) + len(schema.instructions.encode()), most_tokens or REPLY_BOUND)
    return WorstCase(usage.prompt_tokens + usage.completion_tokens, None if price is None else price.cost(usage))


def listing(model: str) -> Listing | None:
    """What the price file says about ``model``, or ``None`` if it doesn't know it."""
    entry = _price_file().get(model)
    return None if entry is None else listed(entry)


def listing_of(name: str) -> Listing | None:
    """What the price file says about a model by Doxa's name for it: ``openai/MODEL`` or ``litellm/PROVIDER/MODEL``.

    Neither its key nor its server is asked for. Where ``OPENAI_BASE_URL`` leads ``openai/...`` to another server than
    OpenAI's, nothing is known about it.
    """
    maker, _, model = name.partition("?")[0].partition("/")
    if maker == "openai":
        return None if os.environ.get("OPENAI_BASE_URL") else listing(model)
    if maker != "litellm":
        return None
    provider, _, bare = model.partition("/")
    entry = _price_file().get(bare, {})
    return listing(model) or (listed(entry) if str(entry.get("litellm_provider", "")).startswith(provider) else None)


def price_of(name: str) -> Price | None:
    """What the price file says about the price of a model by Doxa's name for it; the heuristic model is free."""
    if name == "heuristic":
        return Price(0.0, 0.0)
    found = listing_of(name)
    return found.price if found else None


def listed(entry: Mapping[str, Any]) -> Listing:
    """A model's entry in the price file."""
    most = entry.get("max_output_tokens")
    return Listing(
        _price(entry),
        _ceiling(entry),
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


def _ceiling(entry: Mapping[str, Any]) -> Price | None:
    if _price(entry) is None:
        return None
    prompt = _highest(entry, rf"(input_cost_per_token|cache_creation_input_token_cost){LONG}")
    return Price(prompt, _highest(entry, rf"output_cost_per_(reasoning_)?token{LONG}"))


def _highest(entry: Mapping[str, Any], keys: str) -> float:
    """US dollars per million tokens; batches and service tiers aren't asked for."""
    return max(float(value) for key, value in entry.items() if value is not None and re.fullmatch(keys, key)) * 1e6


@lru_cache(maxsize=1)
def _price_file() -> Mapping[str, Mapping[str, Any]]:
    found = find_spec("litellm")
    if found is None or found.origin is None:
        return {}
    path = Path(found.origin).with_name(PRICE_FILE)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
