"""The text form of views: what an LLM reads, and a program can.

Numbers stand on lines ``name: value`` (``momentum_5: +0.012300``), items of text on lines ``- text``. Features carry
each number exactly as the text shows it, so whoever reads the text and whoever reads the features see the same thing.
Python's ``format`` is used throughout; it knows no locale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from .protocol import View


def signed(value: float) -> str:
    """Six decimals and a sign; never ``-0.000000``."""
    return f"{round(value, 6) + 0.0:+.6f}"


def fixed(value: float) -> str:
    """Six decimals, a sign only if negative; never ``-0.000000``."""
    return f"{round(value, 6) + 0.0:.6f}"


def plain(value: float) -> str:
    """Up to eight significant digits."""
    return f"{value:.8g}"


def item(text: str, limit: int) -> str:
    """A line ``- text``, cut at ``limit`` characters; the text has no newline in it."""
    return f"- {text}" if len(text) <= limit else f"- {text[: limit - 1].rstrip()}…"


def view(
    heading: str,
    numbers: Mapping[str, str],
    *,
    lines: Iterable[str] = (),
    moment: datetime | None = None,
) -> View:
    """A heading, text, then the numbers, which change the most often; known when it happened, at ``moment``."""
    text = "\n".join([heading, *lines, *(f"{name}: {shown}" for name, shown in numbers.items())])
    return View(text, {name: float(shown) for name, shown in numbers.items()}, moment, moment)
