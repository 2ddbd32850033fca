"""What a model is asked with, and how that becomes part of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

from ..errors import ModelSetupError, options
from .completions import Structured
from .protocol import Request

TYPES: Mapping[str, Callable[[str], Any]] = {
    "temperature": float,
    "seed": int,
    "max_tokens": int,
    "reasoning_effort": str,
    "structured": str,
}


@dataclass(frozen=True)
class Parameters:
    """The settings of a model that shape its replies; ``None`` leaves a choice to the provider.

    Attributes:
        temperature: From 0.
        seed: For providers that sample reproducibly.
        max_tokens: Upper bound on a reply's tokens, reasoning included.
        reasoning_effort: The provider's word, as in ``"low"``.
        structured: How the model is held to the response type; ``"auto"`` picks the best that it can do.
    """

    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    reasoning_effort: str | None = None
    structured: Structured = "auto"

    def __post_init__(self) -> None:
        if self.temperature is not None and not self.temperature >= 0:
            raise ModelSetupError(f"temperature={self.temperature}: at least 0 is needed, or None")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ModelSetupError(f"max_tokens={self.max_tokens}: at least 1 is needed, or None")
        if self.structured not in get_args(Structured):
            raise ModelSetupError(
                f"structured={self.structured!r} isn't known: {options(self.structured, get_args(Structured))}"
            )

    def named(self, name: str) -> str:
        """A model's name with whatever isn't left to the provider: ``gpt-4o-mini?seed=1&temperature=0.3``."""
        chosen = {key: value for key, value in asdict(self).items() if value not in (None, "auto")}
        return f"{name}?{urlencode(sorted(chosen.items()))}" if chosen else name

    def sampling(self, request: Request[Any]) -> dict[str, Any]:
        """The sampling settings of one request: its own, and the model's where it has none."""
        own = request.settings
        settings = {
            "temperature": self.temperature if own.temperature is None else own.temperature,
            "seed": self.seed if own.seed is None else own.seed,
            "max_tokens": own.max_tokens or self.max_tokens,
            "reasoning_effort": self.reasoning_effort,
        }
        return {key: value for key, value in settings.items() if value is not None}


def unnamed(name: str) -> tuple[str, dict[str, Any]]:
    """A name and its parameters taken apart again: the reverse of ``Parameters.named``.

    Raises:
        ModelSetupError: A parameter isn't known or has no such value.
    """
    bare, _, query = name.partition("?")
    parameters: dict[str, Any] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in TYPES:
            raise ModelSetupError(f"{name!r}: the parameter {key!r} isn't known: {options(key, TYPES)}")
        try:
            parameters[key] = TYPES[key](value)
        except ValueError:
            raise ModelSetupError(f"{name!r}: {key} can't be {value!r}; a {TYPES[key].__name__} is needed") from None
    return bare, parameters


def refuse_unknown(model: str, given: Mapping[str, Any], also: tuple[str, ...]) -> None:
    """Make sure that no parameter was given that isn't known.

    Raises:
        ModelSetupError: One was.
    """
    for name in given:
        raise ModelSetupError(f"{model}: the parameter {name!r} isn't known: {options(name, [*TYPES, *also])}")
