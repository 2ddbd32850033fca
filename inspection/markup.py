"""HTML for notebooks. Everything that is shown is escaped: a belief may be made from what strangers wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..escapes import markup, terminal

_STYLE = "border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.4em 0"
_CELL = "text-align:left;padding:.15em .8em .15em 0;vertical-align:top"
_WORD = 16
"""A cell of one word that isn't longer, such as an id, isn't broken."""


def escaped(text: object) -> str:
    """Text on one line that is safe as HTML's content, and as the value of an attribute in quotes."""
    return markup(terminal(text))


def number(value: float | None, digits: int = 4) -> str:
    """A number with a sign; a dash where there is none."""
    return "-" if value is None or value != value else f"{value:+.{digits}g}"  # noqa: PLR0124  NaN isn't itself


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table."""
    top = "".join(f'<th scope="col" style="{_CELL}">{escaped(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_style(cell)}">{escaped(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    return f'<table style="{_STYLE}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _style(cell: object) -> str:
    text = str(cell)
    return _CELL if " " in text or len(text) > _WORD else f"{_CELL};white-space:nowrap"


def facts(told: Mapping[str, object]) -> str:
    """Names and what they stand for, side by side; what says nothing is left out."""
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL}">{escaped(name)}</th><td style="{_CELL}">{escaped(value)}</td></tr>'
        for name, value in told.items()
        if value not in (None, "", ())
    )
    return f'<table style="{_STYLE}"><tbody>{rows}</tbody></table>'


def titled(title: str, *parts: str) -> str:
    """A title over parts that are HTML already."""
    return f"<div><strong>{escaped(title)}</strong>{''.join(parts)}</div>"
