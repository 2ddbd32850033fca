"""How many tokens a prompt has, counted without a network."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

from .protocol import Request
from .schemas import schema_of

ENCODING, FILE = "o200k_base", "fb374d419588a4632f3f557e76b4b70aebbca790"
"""OpenAI's tokenizer, and what tiktoken calls its vocabulary; litellm ships the file."""
MARKS = 4
"""Tokens between two messages."""


@dataclass(frozen=True)
class Measure:
    """A way to count tokens.

    Attributes:
        name: What it is, in words.
        count: From a text to its tokens.
    """

    name: str
    count: Callable[[str], int]

    def prompt(self, request: Request[Any]) -> int:
        """Tokens of a request: its messages, the marks between them, and the schema of the answer."""
        texts = (message.text for message in request.messages)
        return sum(self.count(text) + MARKS for text in texts) + self.count(
            schema_of(request.response_type).instructions
        )


def measure() -> Measure:
    """OpenAI's own tokenizer where its vocabulary is on this machine; else a token for every four bytes."""
    found = find_spec("litellm")
    if found is None or found.origin is None or find_spec("tiktoken") is None:
        return _quarters()
    shipped = Path(found.origin).parent / "litellm_core_utils" / "tokenizers"
    folder = Path(os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(shipped)))  # as litellm does when it's imported
    if not (folder / FILE).is_file():
        return _quarters()
    import tiktoken

    encoding = tiktoken.get_encoding(ENCODING)
    return Measure(f"OpenAI's tokenizer {ENCODING}", lambda text: len(encoding.encode_ordinary(text)))


def _quarters() -> Measure:
    return Measure("a token for every four bytes", lambda text: ceil(len(text.encode()) / 4))
