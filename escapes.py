"""Anybody's text on its way out, so that nothing in it is taken for more than text: by a terminal, a browser, a sheet.

Values are never evaluated and never lost: what is escaped can be read back by whoever knows the form.
"""

from __future__ import annotations

import html
import json
import re

_ACTIVE = re.compile(r"[\s\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?%?")


def terminal(text: object) -> str:
    """Text for a terminal, on one line: a space for whatever a terminal would obey or can't show."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def for_json(value: object) -> str:
    """JSON for a terminal or a file: control characters and invisible marks are written as escapes."""
    return visible(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def json_line(value: object) -> str:
    """The same on one line."""
    return visible(json.dumps(value, ensure_ascii=False, default=str))


def visible(told: str) -> str:
    """JSON with escapes in place of whatever a terminal would obey or can't show."""
    return told if told.isprintable() else "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in told)


def unencodable(error: UnicodeError) -> tuple[str, int]:
    """A codec's error handler: what an encoding lacks is written as JSON's escapes, readable by people and programs."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_escaped(char) for char in error.object[error.start : error.end]), error.end


def markup(text: object) -> str:
    """Text for HTML, between tags or in a quoted attribute; characters that can't be shown become a space."""
    kept = "".join(c if c.isprintable() or c in "\n\t" else " " for c in str(text))
    return html.escape(kept, quote=True)


def cell(value: object) -> object:
    """A value for a spreadsheet: a text that a sheet would take for a formula gets an apostrophe before it.

    Numbers stay numbers, also those in a text; so does everything that isn't text.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}" if _ACTIVE.match(value) or value.startswith("'") else value


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
