"""A panel to filter beliefs, read them, and act on them: a thin skin over :class:`~doxa.inspect.BeliefMemory`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DoxaError
from ..escapes import terminal
from ..memory.belief import Status
from .extras import widgets
from .markup import escaped, table, titled

if TYPE_CHECKING:
    from .memory import BeliefMemory

_VIEW = "application/vnd.jupyter.widget-view+json"
_ANY = "any"
_HEAD = ("belief", "status", "credence", "bears on", "what it says")
_TOLD: Mapping[str, str] = {
    "edit": "the new wording",
    "pin": "",
    "unpin": "",
    "dispute": "a rival's id, or nothing",
    "approve": "",
    "retract": "",
}
"""What one may do, and what it needs beside a reason."""
_ROWS = 12


@dataclass(frozen=True, repr=False)
class Browser:
    """Beliefs to be clicked through; where there are no widgets, a table of them.

    Attributes:
        memory: Whose.
    """

    memory: BeliefMemory

    def __repr__(self) -> str:
        return f"<panel of {self.memory!r}>"

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """A table of them, as HTML."""
        found = self.memory.find()
        bears = found["polarity"].astype(str) + " " + found["aspect"].astype(str)
        cells = zip(found["belief"], found["status"], found["credence"], bears, found["statement"], strict=True)
        rows = [(b, s, f"{c:.2f}", a, text) for b, s, c, a, text in cells]
        more = f"<p>and {len(rows) - _ROWS} more: .find() is all of them</p>" if len(rows) > _ROWS else ""
        none = "" if rows else "<p>no beliefs</p>"
        return titled(repr(self.memory)[1:-1], table(_HEAD, rows[:_ROWS]) if rows else "", more, none)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """The panel where widgets are shown, and the table for pages, and for editors that know none."""
        static = {"text/html": self.html(), "text/plain": repr(self)}
        made = widgets()
        if made is None:
            return static
        box = self.panel()
        return {_VIEW: {"version_major": 2, "version_minor": 0, "model_id": box.model_id}, **static}

    def panel(self) -> Any:  # noqa: ANN401  an ipywidgets box
        """The panel itself.

        Raises:
            MissingExtraError: ipywidgets isn't installed.
        """
        return Panel(self.memory, widgets(needed=True)).box


class Panel:
    """The widgets, and what happens when they are used."""

    def __init__(self, memory: BeliefMemory, w: Any) -> None:  # noqa: ANN401  the module ipywidgets
        self.memory = memory
        wide, label = {"width": "100%"}, {"description_width": "80px"}
        agents = sorted(set(memory.handed["agent"].astype(str)))
        self.text = w.Text(description="Words", placeholder="in the statement, concept, scope or id", style=label)
        self.status = w.Dropdown(description="Status", options=[_ANY, *(s.value for s in Status)], style=label)
        self.agent = w.Dropdown(description="Handed to", options=[_ANY, *agents], style=label)
        self.list = w.Select(description="Beliefs", rows=_ROWS, layout=wide, style=label)
        self.card = w.HTML(layout=wide)
        self.act = w.Dropdown(description="Do", options=list(_TOLD), style=label)
        self.why = w.Text(description="Why", placeholder="a reason; it stays on record", layout=wide, style=label)
        self.more = w.Text(description="With", placeholder=_TOLD["edit"], layout=wide, style=label)
        self.button = w.Button(description="Record", tooltip="Write it to the run's journal")
        self.said = w.HTML(layout=wide)
        for each in (self.text, self.status, self.agent):
            each.observe(self._filtered, "value")
        self.list.observe(self._chosen, "value")
        self.act.observe(self._asked, "value")
        self.button.on_click(self._recorded)
        self._filtered()
        acts = w.VBox([w.HBox([self.act, self.button]), self.why, self.more, self.said])
        self.box = w.VBox([w.HBox([self.text, self.status, self.agent]), self.list, self.card, acts])

    def _filtered(self, _: object = None) -> None:
        status, agent = (None if w.value == _ANY else w.value for w in (self.status, self.agent))
        found = self.memory.find(self.text.value, status=status, agent=agent)
        before = self.list.value
        self.list.options = [(_line(*row), row[0]) for row in _rows(found)]
        self.list.value = before if before in set(found["belief"]) else next(iter(found["belief"]), None)
        self._chosen()

    def _chosen(self, _: object = None) -> None:
        self.card.value = "<p>no such belief</p>" if self.list.value is None else self._card(self.list.value)

    def _card(self, belief: str) -> str:
        card = self.memory.get(belief)
        return card.html() + self._explained(belief)

    def _explained(self, belief: str) -> str:
        try:
            return self.memory.explain(belief=belief).html()
        except DoxaError as error:
            return f"<p>{escaped(error)}</p>"

    def _asked(self, _: object = None) -> None:
        self.more.placeholder = _TOLD[self.act.value]
        self.more.disabled = not _TOLD[self.act.value]

    def _recorded(self, _: object = None) -> None:
        try:
            done = self._do()(self.list.value or "", why=self.why.value, **self._with())
        except DoxaError as error:
            self.said.value = f"<p><strong>{escaped(error)}</strong></p>"
            return
        self.said.value, self.why.value, self.more.value = done.html(), "", ""
        self._filtered()

    def _do(self) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self.memory, self.act.value)
        return found

    def _with(self) -> dict[str, str]:
        names = {"edit": "statement", "dispute": "rival"}
        name = names.get(self.act.value)
        return {name: self.more.value} if name and self.more.value.strip() else {}


def _rows(found: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401  a frame
    return list(found[["belief", "status", "credence", "statement"]].itertuples(index=False, name=None))


def _line(belief: str, status: str, credence: float, statement: str) -> str:
    return terminal(f"{belief}  {status:<11} {credence:.2f}  {statement}")
