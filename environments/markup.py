"""The lines of text that a reader sees in an HTML document, or in a plain one."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "body",
        "br",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "header",
        "hr",
        "li",
    }
    | {"h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "page", "pre", "section", "table", "title", "tr", "ul"}
)
"""Elements before and after which a line breaks; cells of a table stay in one line."""

UNSEEN = frozenset({"script", "style", "head", "ix:header", "ix:hidden"})
HIDEABLE = frozenset({"div", "span", "table", "tbody", "tr", "td", "section"})
"""Elements whose style may hide them: those that documents always close."""

_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:html|body|div|p|span|font)\b", re.IGNORECASE)
_OLD_TAGS = re.compile(r"</?(?:table|caption|page|fn|s|c|f\d+)>", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?P<end>/?)DOCUMENT>", re.IGNORECASE)
_TYPE = re.compile(r"<TYPE>\s*([^\s<]+)", re.IGNORECASE)
_TEXT = re.compile(r"<TEXT>(.*?)(?:</TEXT>|\Z)", re.DOTALL | re.IGNORECASE)


def lines_of(document: str, form: str = "") -> list[str]:
    """The lines of a document, without empty ones and with single spaces.

    Args:
        document: HTML, inline XBRL or plain text; or a whole submission, whose document of type ``form`` is read.
        form: Type of the document in a submission, such as ``10-K``.
    """
    text = _part(document, form)
    if _MARKUP.search(text):
        reader = _Reader()
        reader.feed(text)
        reader.close()
        text = reader.text()
    else:
        text = _OLD_TAGS.sub(" ", text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line]


def _part(document: str, form: str) -> str:
    """The text of the wanted document of a submission; other documents are their own text."""
    parts = _documents(document)
    wanted = [part for part in parts if (found := _TYPE.search(part)) and found[1].upper() == form.upper()]
    for part in wanted or parts[:1]:
        body = _TEXT.search(part)
        return body[1] if body else part
    return document


def _documents(submission: str) -> list[str]:
    """What stands between the marks of a submission's documents; each character is looked at once."""
    parts, begin = list[str](), None
    for mark in _DOCUMENT.finditer(submission):
        if not mark["end"]:
            begin = mark.end() if begin is None else begin
        elif begin is not None:
            parts.append(submission[begin : mark.start()])
            begin = None
    return parts


class _Reader(HTMLParser):
    """Collects what is seen; elements that hide their content are skipped up to their own end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._hiding: str | None = None
        self._depth = self._kept = 0

    def text(self) -> str:
        """Everything seen so far."""
        return "".join(self._pieces)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body" and self._hiding == "head":  # which needs no end
            self._hiding = None
        if self._hiding is not None:
            self._depth += tag == self._hiding
            return
        self._kept += tag == "pre"
        style = next((value or "" for name, value in attrs if name == "style"), "")
        if tag in UNSEEN or (tag in HIDEABLE and _HIDDEN.search(style)):
            self._hiding, self._depth = tag, 1
        else:
            self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if self._hiding is None:
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._hiding is None:
            self._kept -= tag == "pre"
            self._break(tag)
        elif tag == self._hiding:
            self._depth -= 1
            self._hiding = None if self._depth == 0 else self._hiding

    def handle_data(self, data: str) -> None:
        if self._hiding is None:
            self._pieces.append(data if self._kept > 0 else data.replace("\n", " ").replace("\r", " "))

    def _break(self, tag: str) -> None:
        if tag in BLOCKS:
            self._pieces.append("\n")
        elif tag in {"td", "th"}:
            self._pieces.append(" ")
