"""The table of failures is the same in the code, in its docstring and on the page for users."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from doxa.models import failures
from doxa.models.failures import HANDLING, Handling

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
Row = tuple[str, Handling, str]


def docstring() -> Iterator[Row]:
    text = (inspect.getdoc(failures) or "").splitlines()
    first = next(number for number, line in enumerate(text) if line.startswith("="))
    rule, lines = text[first], text[first + 3 :]
    ends = [match.span() for match in re.finditer("=+", rule)]
    for line in lines:
        if line.startswith("="):
            return
        name, *flags, when = (line[start : None if end == ends[-1][1] else end].strip() for start, end in ends)
        yield name, Handling(*map(bool, flags)), when


def page() -> Iterator[Row]:
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `") and line.split("`")[1].endswith("Error"):
            name, *flags, when = (cell.strip() for cell in line.strip("|").split("|"))
            yield name.strip("`"), Handling(*map(bool, flags)), when


def test_the_docstring_says_what_the_code_does() -> None:
    assert {name: handling for name, handling, _ in docstring()} == {
        kind.__name__: handling for kind, handling in HANDLING.items()
    }


def test_the_page_says_what_the_docstring_says() -> None:
    if not PAGE.exists():
        pytest.skip("the docs aren't part of the wheel")
    assert list(page()) == list(docstring())
