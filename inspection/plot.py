"""A plot: a chart with its title, its description and its size, to be shown or saved without a browser or a network."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import private
from ..errors import SetupError
from ..escapes import terminal
from ..memory.trouble import trouble
from .extras import altair, converter
from .markup import escaped

BLUE, ORANGE, GREEN, RED, SKY, PINK, YELLOW, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#808080",
)  # fmt: skip
"""Okabe and Ito's colours (Color Universal Design, 2008), which the colour-blind can tell apart, and a grey."""
CATEGORIES = (BLUE, ORANGE, GREEN, RED, PINK, SKY, YELLOW, GREY)
SHADES = "cividis"
"""For amounts: of even lightness, and the same to the colour-blind (Nunez, Anderton and Renslow, 2018)."""
WIDTH = 720
_INK, _SOFT = "#1b1f24", "#8a8f98"
_PAGE_INK = "#010203"
"""Stands for the page's own colour of text until the picture is in the page."""

_ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_NAMES = re.compile(r'( id="|url\(#)')

Values = list[dict[str, Any]]


@dataclass(frozen=True, repr=False)
class Plot:
    """A plot that is drawn when it's looked at.

    Attributes:
        name: In a word; of files and headings.
        title: What it shows.
        about: What it says, in sentences: for those who can't see it, and what to make of it.
        draw: Makes the altair chart for a width in pixels.
        width: Of the drawing, in pixels.
        empty: Whether there is nothing to draw; the chart says why.
    """

    name: str
    title: str
    about: str
    draw: Callable[[int], Any]
    width: int = WIDTH
    empty: bool = False

    @property
    def chart(self) -> Any:  # noqa: ANN401  an altair chart
        """The altair chart, to be changed at will."""
        return self._titled(self.width)

    def spec(self, width: int | None = None, *, ink: str = _INK) -> dict[str, Any]:
        """The plot as Vega-Lite's JSON, with its data."""
        found: dict[str, Any] = self._titled(width or self.width).to_dict()
        return {**found, "config": _theme(ink)}

    def svg(self, width: int | None = None) -> str:
        """The plot as an SVG picture."""
        return str(converter().vegalite_to_svg(self.spec(width), allowed_base_urls=[]))

    def inline(self, width: int | None = None, name: str = "") -> str:
        """The same for a page: without ground, in the page's own colour of text, and as one picture to assistive tools.

        Args:
            width: In pixels.
            name: Of this drawing within the page; the plot's own, if none is given.
        """
        drawn = str(converter().vegalite_to_svg(self.spec(width, ink=_PAGE_INK), allowed_base_urls=[]))
        drawn = _ROLES.sub("", drawn.replace(_PAGE_INK, "currentColor"))
        drawn = _NAMES.sub(rf"\1{name or self.name}-", drawn)  # ids are the page's, and every drawing has the same
        return drawn.replace("<svg ", f'<svg role="img" aria-label="{escaped(self.title)}" ', 1)

    def save(self, path: str | Path) -> Path:
        """Write the plot to a PNG, SVG or HTML file, by its name; an HTML file needs no network to be looked at.

        Raises:
            SetupError: The file's name ends otherwise, or it can't be written.
        """
        out = Path(path)
        drawn = {".png": self._png, ".svg": self._svg, ".html": self._html}.get(out.suffix.lower())
        if drawn is None:
            raise SetupError(f"{out}: {out.suffix or 'no ending'!r} can't be drawn; choose .png, .svg or .html")
        content = drawn()
        try:
            private.make_file(out)
            out.write_bytes(content)
        except OSError as error:
            raise SetupError(f"{out} can't be written: {trouble(error)}, or choose another file") from None
        return out

    def _titled(self, width: int) -> Any:  # noqa: ANN401
        lines = _wrapped(self.title, width // 9)
        return self.draw(width).properties(title=altair().Title(lines, anchor="start"), description=self.about)

    def _png(self) -> bytes:
        return bytes(converter().vegalite_to_png(self.spec(), scale=2, allowed_base_urls=[]))

    def _svg(self) -> bytes:
        return self.svg().encode()

    def _html(self) -> bytes:
        return str(converter().vegalite_to_html(self.spec(), bundle=True)).encode()

    def __repr__(self) -> str:
        return f"<plot {self.name}: {self.title}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Interactive where Vega-Lite is shown, a picture elsewhere."""
        spec = self.spec()
        return {"application/vnd.vegalite.v6+json": spec, "image/svg+xml": self.svg(), "text/plain": repr(self)}


def _wrapped(text: str, characters: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > characters:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _theme(ink: str) -> dict[str, Any]:
    page = ink == _PAGE_INK
    text = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    lines = {"gridColor": _SOFT, "gridOpacity": 0.25, "domainColor": _SOFT, "tickColor": _SOFT}
    return {
        "background": "transparent" if page else "white",
        "font": "Arial, Liberation Sans, sans-serif",
        "axis": {**text, **lines, "labelLimit": 260},
        "legend": {**text, "orient": "bottom", "columns": 4, "symbolStrokeWidth": 2, "labelLimit": 220, "title": None},
        "header": text,
        "title": {"color": ink, "subtitleColor": ink, "fontSize": 15, "fontWeight": 600, "offset": 12},
        "text": {"color": ink, "fontSize": 12},
        "view": {"stroke": None},
        "range": {"category": list(CATEGORIES), "ramp": {"scheme": SHADES}, "heatmap": {"scheme": SHADES}},
        "concat": {"spacing": 14},
    }


def data(values: Iterable[Mapping[str, Any]]) -> Any:  # noqa: ANN401  altair's Data
    """Values as a chart's data; what isn't a finite number is missing."""
    return altair().Data(values=[{name: _plain(value) for name, value in row.items()} for row in values])


def _plain(value: object) -> object:
    if isinstance(value, float):
        return None if not math.isfinite(value) else round(value, 6)
    if isinstance(value, str) or value is None or isinstance(value, bool | int):
        return value
    item = getattr(value, "item", None)
    return _plain(item()) if item is not None else json.loads(json.dumps(value, default=str))


def blank(name: str, title: str, why: str) -> Plot:
    """A plot that says why there is nothing to draw."""

    def draw(width: int) -> Any:  # noqa: ANN401
        alt, lines = altair(), _wrapped(why, width // 8)
        chart = alt.Chart(data([{}])).mark_text(fontSize=13, align="left", text=lines)
        return chart.encode(x=alt.value(0), y=alt.value(10)).properties(width=width, height=20 * len(lines))

    return Plot(name, title, why, draw, empty=True)


def wholes(last: int, width: int = WIDTH) -> Any:  # noqa: ANN401
    """An axis with whole numbers from 0 to the last."""
    step = max(1, math.ceil(last / max(2, width // 70)))
    return altair().Axis(values=list(range(0, last + 1, step)), format="d")


def rows_label(width: int) -> int:
    """How many characters the names of rows may have, so that room is left for the rows."""
    return 26 if width > 500 else 13


def rows_width(width: int) -> int:
    """How wide rows with such names may be."""
    return width - 210 if width > 500 else max(120, width - 120)


def short(text: object, characters: int = 30) -> str:
    """A text cut to a length, without control characters."""
    plain = terminal(text)
    return plain if len(plain) <= characters else plain[: characters - 1].rstrip() + "…"


def thinned(rows: Values, most: int = 300) -> Values:
    """At most about so many rows of a curve: every k-th and the last."""
    step = max(1, math.ceil(len(rows) / most))
    return [*rows[::step], *(rows[-1:] if rows and (len(rows) - 1) % step else [])]
