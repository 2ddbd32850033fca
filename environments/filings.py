"""Management's discussion and analysis, cut from a real 10-K (item 7) or 10-Q (part I, item 2).

Headings are compared by their letters and digits alone, so that case, quotes, dashes and spaces don't matter. A
section runs from its heading to the next heading of another item; of several such runs (the table of contents has one,
a cross-reference may) the longest is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from .markup import lines_of

FORMS = ("10-K", "10-K/A", "10-KT", "10-Q", "10-Q/A", "10-QT")
LEAST = 400
"""Characters below which a section is a pointer to another place and no discussion."""

HEADING = 200
"""Characters above which a line is a sentence and no heading."""

DISCUSSION = ("managementsdiscussion", "managementdiscussion", "managementsanalysis")
TITLE_ENDS = ("condition", "andresultsofoperations", "resultsofoperations", "operations", "offinancialcondition")
"""How a second line of the discussion's title begins."""

STOPS = (
    *("quantitativeandqualitativedisclosure", "qualitativeandquantitativedisclosure"),
    *("financialstatementsandsupplementary", "consolidatedfinancialstatementsandsupplementary"),
    *("controlsandprocedures", "legalproceedings", "otherinformation"),
)
"""Titles that end a discussion, with their item's number or without."""

TITLES = (
    *("business", "riskfactors", "unresolvedstaff", "cybersecurity", "properties", "legalproceedings", "minesafety"),
    *("marketforregistrant", "marketforthe", "marketfor", "selectedfinancial", "selectedconsolidated", "reserved"),
    *("removed", "changesinanddisagreements", "otherinformation", "directors", "executivecompensation", "exhibits"),
    *("financialstatements", "condensedconsolidated", "consolidated", "interim", "unregistered", "defaults"),
    *STOPS,
)
"""How the titles of other items begin."""

_LETTERS = re.compile(r"[^a-z0-9]")
_ITEM = re.compile(r"(?:part(?P<part>iv|iii|ii|i))?item(?P<item>1[0-6]|[1-9])(?P<letter>[abc](?![a-z]))?")
_LETTERED = re.compile(r"\bitem\s*\d{1,2}\s*\(?(?P<letter>[abc])\)?(?![a-z])", re.IGNORECASE)
_PAGE = re.compile(r"\d{1,3}|[-–—]\s*\d{1,3}\s*[-–—]|page \d+|table of contents|back to contents", re.IGNORECASE)
_SENTENCE = re.compile(
    r"\b(?:of|in|to) (?:this|our|the accompanying|part)\b|\band elsewhere\b|\b(?:see|refer to)\b|[”\"]\s*[,;]?\s+\w",
    re.IGNORECASE,
)
_CONTINUED = re.compile(r"\(?\s*continued\s*\)?\.?$", re.IGNORECASE)


@dataclass(frozen=True)
class Section:
    """What was found of management's discussion.

    Attributes:
        text: Paragraphs on a line each; empty if it wasn't found.
        gap: Why it is empty.
    """

    text: str
    gap: str | None = None


@dataclass(frozen=True)
class _Heading:
    """A line that opens an item.

    Attributes:
        line: Its index.
        after: Index of the first line below it.
        wanted: Whether it opens the discussion.
    """

    line: int
    after: int
    wanted: bool


def discussion(document: str, form: str) -> Section:
    """Management's discussion in a filing.

    Args:
        document: HTML, inline XBRL or text of the filing.
        form: ``10-K`` or ``10-Q``, or a variant of them.
    """
    lines = [line for line in lines_of(document, form) if not _PAGE.fullmatch(line)]
    item = "7" if form.upper().startswith("10-K") else "2"
    where = "item 7" if item == "7" else "part I, item 2"
    if not lines:
        return Section("", f"the {form} has no text")
    text = _longest(lines, _headings(lines, item))
    unnumbered = "" if len(text) >= LEAST else _longest(lines, _untitled(lines))
    if max(len(text), len(unnumbered)) >= LEAST:
        return Section(max(text, unnumbered, key=len))
    if re.search(r"incorporated?\b.{0,80}\breference", text, re.IGNORECASE):
        return Section("", f"its management's discussion ({where}) is only referred to: {text[:200]}")
    return Section("", f"no management's discussion ({where}) was found in the {form}")


def _longest(lines: Sequence[str], headings: Sequence[_Heading]) -> str:
    bodies = ("\n".join(line for line in body if not _is_running(line)) for body in _bodies(lines, headings))
    return max(bodies, key=len, default="")


def _bodies(lines: Sequence[str], headings: Sequence[_Heading]) -> Iterator[Sequence[str]]:
    """The lines between each heading that opens the discussion and the next one of another item."""
    start: int | None = None
    for heading in headings:
        if heading.wanted:
            start = heading.after if start is None else start
        elif start is not None:
            yield lines[start : heading.line]
            start = None
    if start is not None:
        yield lines[start:]


def _headings(lines: Sequence[str], item: str) -> list[_Heading]:
    """Every heading of an item, in order."""
    found = (_heading(lines, at, item) for at in range(len(lines)))
    return [heading for heading in found if heading is not None]


def _heading(lines: Sequence[str], at: int, item: str) -> _Heading | None:
    """The heading that a line opens, if it does; its title may stand on the next lines."""
    line = lines[at]
    if len(line) > HEADING:
        return None
    match = _ITEM.match(_compact(line))
    if match is None:
        return _signatures(line, at)
    rest, after = _compact(line)[match.end() :], at + 1
    letter = match["letter"] or ""
    if not letter and (lettered := _LETTERED.search(line)):
        letter, rest = lettered["letter"].lower(), rest.removeprefix(lettered["letter"].lower())
    while len(rest) < 4 and after < min(at + 3, len(lines)):  # the title stands below its number
        if len(lines[after]) > HEADING or _ITEM.match(_compact(lines[after])):
            break
        rest, after = rest + _compact(lines[after]), after + 1
    if rest.startswith(DISCUSSION):
        after = _below_title(lines, after)
    wanted = match["item"] + letter == item and rest.startswith(DISCUSSION) and match["part"] not in {"ii", "iii"}
    if _mentions(line) or not (wanted or _opens(rest)):
        return None
    return _Heading(at, after, wanted)


def _below_title(lines: Sequence[str], at: int) -> int:
    """The index of the first line that doesn't go on with the title of the discussion."""
    while at < len(lines) and len(lines[at]) < 60 and _compact(lines[at]).startswith(TITLE_ENDS):
        at += 1
    return at


def _opens(rest: str) -> bool:
    return rest.startswith(TITLES) or not rest


def _mentions(line: str) -> bool:
    """Whether a line only speaks of an item: what stands after a heading's title goes on like a sentence."""
    return bool(_SENTENCE.search(line))


def _signatures(line: str, at: int) -> _Heading | None:
    return _Heading(at, at + 1, wanted=False) if _compact(line) in {"signatures", "signature", "exhibitindex"} else None


def _untitled(lines: Sequence[str]) -> list[_Heading]:
    """Headings of filings that number nothing."""
    found: list[_Heading] = []
    for at, line in enumerate(lines):
        compact = _compact(_CONTINUED.sub("", line))
        if len(line) <= HEADING and compact.startswith(DISCUSSION) and not line.rstrip().endswith("."):
            found.append(_Heading(at, at + 1, wanted=True))
        elif len(line) <= HEADING and _is_stop(compact):
            found.append(_Heading(at, at + 1, wanted=False))
    return found


def _is_stop(compact: str) -> bool:
    tails = chain(STOPS, ("riskfactors", "signatures", "reportofindependentregistered", "consolidatedstatementsof"))
    return any(compact.startswith(stop) and len(compact) < len(stop) + 50 for stop in tails)


def _is_running(line: str) -> bool:
    """Whether a line is the section's own heading, repeated at the head of a page."""
    compact = _compact(line)
    match = _ITEM.match(compact)
    rest = compact[match.end() :] if match else compact
    return len(line) <= HEADING and rest.startswith(DISCUSSION) and bool(match or _CONTINUED.search(line))


def _compact(line: str) -> str:
    return _LETTERS.sub("", line.lower())
