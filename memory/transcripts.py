"""What people said, line by line: transcripts as JSON, JSON Lines or plain text.

===========  ====================================================================================================
JSON         a list of ``{"speaker": ..., "text": ...}``; ``role`` or ``name``, and ``content``, will do as well
JSON Lines   such an object on each line
plain        ``SPEAKER: TEXT`` on each line; a line without a speaker belongs to whoever spoke before
===========  ====================================================================================================

Which it is, its first character says: ``[``, ``{``, or anything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import BeliefError

SIZE = 2_000_000
"""Characters that a transcript may have."""
LINES = 20_000
"""What a transcript may have of lines, or of things said."""
TEXT = 8_000
"""Characters that one thing said may have."""
SPEAKER = 80
"""Characters that a speaker's name may have."""
_PLAIN = re.compile(r"(?P<speaker>[^:\s][^:]{0,79}?)\s*:\s+(?P<text>.+)")
_MARK = re.compile(r"\s*LESSON\b")


@dataclass(frozen=True)
class Said:
    """What somebody said.

    Attributes:
        line: Where it stands, from 1: a line of the file, or an entry of a JSON list.
        speaker: Who said it; empty if nobody is named.
        text: The words.
    """

    line: int
    speaker: str
    text: str


def read_transcript(text: str) -> tuple[Said, ...]:
    """Read a transcript.

    Raises:
        BeliefError: It is too long, empty, or a line of it isn't right; the message has its number.
    """
    if len(text) > SIZE:
        raise BeliefError(f"the transcript has {len(text)} characters; {SIZE} are allowed: split it")
    start = text.lstrip("\ufeff \t\r\n")[:1]
    said = _json(text) if start == "[" else _lines(text) if start == "{" else _plain(text)
    if not said:
        raise BeliefError("the transcript is empty: write 'SPEAKER: TEXT' lines, or JSON")
    if len(said) > LINES:
        raise BeliefError(f"the transcript has {len(said)} lines; {LINES} are allowed: split it")
    for each in said:
        if len(each.text) > TEXT or len(each.speaker) > SPEAKER:
            raise BeliefError(
                f"line {each.line}: a speaker may have {SPEAKER} characters and {TEXT} may be said at a time; "
                f"here they are {len(each.speaker)} and {len(each.text)}"
            )
    return tuple(said)


def _json(text: str) -> list[Said]:
    found = _loaded(1, text.lstrip("\ufeff"))
    if not isinstance(found, list):
        raise BeliefError("line 1: a JSON transcript is a list of objects with 'speaker' and 'text'")
    return [_said(number, entry) for number, entry in enumerate(found, start=1)]


def _lines(text: str) -> list[Said]:
    numbered = enumerate(text.lstrip("\ufeff").splitlines(), start=1)
    return [_said(number, _loaded(number, line)) for number, line in numbered if line.strip()]


def _plain(text: str) -> list[Said]:
    said: list[Said] = []
    speaker = ""
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        found = None if _MARK.match(line) else _PLAIN.fullmatch(line.strip())
        if found is not None:
            speaker = found["speaker"]
        if line.strip():
            said.append(Said(number, speaker, found["text"] if found else line.strip()))
    return said


def _loaded(number: int, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BeliefError(f"line {number}: it isn't JSON ({error}); write one object a line, or a list") from None


def _said(number: int, entry: object) -> Said:
    if not isinstance(entry, dict):
        raise BeliefError(f"line {number}: {str(entry)[:40]!r} is no object with 'speaker' and 'text'")
    text, speaker = _first(entry, ("text", "content")), _first(entry, ("speaker", "role", "name"))
    if not isinstance(text, str) or not isinstance(speaker or "", str):
        raise BeliefError(f"line {number}: 'speaker' and 'text' have to be there, as texts")
    return Said(number, str(speaker or "").strip(), text)


def _first(entry: dict[str, object], names: Iterable[str]) -> object:
    return next((entry[name] for name in names if name in entry), None)
