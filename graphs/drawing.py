"""A graph as mermaid text and as a picture; nothing is fetched and no server is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..environments.protocol import EnvironmentSpec
from ..errors import MissingExtraError, SpecError
from .episode import compile_episode
from .graph import EpisodeGraph

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Place: TypeAlias = tuple[float, float]
Places: TypeAlias = dict[str, Place]

FIXED = ("__start__", "propagate", "observe", "act", "reflect", "__end__")
COLOURS = {
    "analyst": "#56B4E9",
    "manager": "#E69F00",
    "monitor": "#CC79A7",
    "critic": "#009E73",
    "gate": "#F0E442",
    "step": "#DDDDDD",
}
"""By kind of node: the Okabe-Ito palette, which colour-blind people can tell apart."""


LINE = "#555555"
COLUMN, ROW = 1.45, 0.9
"""Inches from one column, and one row, to the next."""


def mermaid(graph: EpisodeGraph, environment: EnvironmentSpec) -> str:
    """The compiled state machine in mermaid's language, as LangGraph draws it."""
    return compile_episode(graph, environment).get_graph().draw_mermaid()


def picture(graph: EpisodeGraph, environment: EnvironmentSpec, path: Path) -> Path:
    """Draw the state machine into a PNG or SVG file, columns in the order of time.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        SpecError: The file's ending isn't one that can be drawn, or its folder isn't there.
    """
    if path.suffix not in {".png", ".svg", ".pdf"}:
        raise SpecError(f"{path}: the ending {path.suffix!r} can't be drawn; use .png, .svg or .pdf")
    if not path.parent.is_dir():
        raise SpecError(f"{path}: there is no folder {path.parent}; make it first")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("drawing a graph as a picture", "plot") from None
    places = layout(graph)
    width = COLUMN * (1 + max(x for x, _ in places.values()))
    height = ROW * (1.6 + (_tallest(places) - 1) / 2 + _depth(places))
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, graph, environment, places)
    axes.set_title(f"{environment.id}: one episode", fontsize=11)
    axes.set_axis_off()
    figure.savefig(path, dpi=160)
    return path


def layout(graph: EpisodeGraph) -> Places:
    """Where each node stands: x by its turn within a step, y spread around the middle of its column."""
    depth: dict[str, int] = {}
    for name in _in_order(graph):
        depth[name] = 3 + max((depth[giver] - 2 for giver, taker in graph.edges if taker == name), default=0)
    gates = {gate.name: max(depth.values()) + 1 for gate in graph.gates}
    last = max((*depth.values(), *gates.values()))
    columns: dict[str, int] = {"__start__": 0, "propagate": 1, "observe": 2, **depth, **gates, "act": last + 1}
    after = last + (3 if graph.monitors else 2)
    columns |= {monitor.name: last + 2 for monitor in graph.monitors} | {"reflect": after, "__end__": after + 1}
    members = {column: [n for n, c in columns.items() if c == column] for column in columns.values()}
    return {
        name: (float(column), members[column].index(name) * -1.0 + (len(members[column]) - 1) / 2)
        for name, column in columns.items()
    }


def _in_order(graph: EpisodeGraph) -> list[str]:
    done: list[str] = []
    waiting = list(graph.names)
    while waiting:
        ready = [n for n in waiting if all(g in done for g, taker in graph.edges if taker == n)]
        done += ready
        waiting = [n for n in waiting if n not in ready]
    return done


def _draw(axes: Axes, graph: EpisodeGraph, environment: EnvironmentSpec, places: Places) -> None:
    for edge in compile_episode(graph, environment).get_graph().edges:
        start, end = places[edge.source], places[edge.target]
        if end[0] < start[0]:
            _loop(axes, start, end, -_depth(places))
        else:
            left = (start[0] + _half(_label(edge.source, graph)), start[1])
            right = (end[0] - _half(_label(edge.target, graph)), end[1])
            _arrow(axes, left, right, "--" if edge.conditional else "-")
            if edge.conditional:
                axes.text((start[0] + end[0]) / 2, start[1] + 0.12, "over", ha="center", fontsize=8, color=LINE)
    for name, (x, y) in places.items():
        box = {"boxstyle": "round,pad=0.5", "facecolor": _colour(name, graph), "edgecolor": "#333333"}
        axes.text(x, y, _label(name, graph), ha="center", va="center", fontsize=9, bbox=box, zorder=2)
    axes.set_xlim(-0.6, max(x for x, _ in places.values()) + 0.6)
    axes.set_ylim(-_depth(places) - 0.2, max(y for _, y in places.values()) + 0.6)


def _loop(axes: Axes, start: Place, end: Place, bottom: float) -> None:
    """The way to the next step: down, back below everything, and up."""
    axes.plot([start[0], start[0], end[0]], [start[1], bottom, bottom], "--", color=LINE, linewidth=1, zorder=0)
    _arrow(axes, (end[0], bottom), (end[0], end[1] - 0.25), "--")
    axes.text((start[0] + end[0]) / 2, bottom + 0.08, "next step", ha="center", fontsize=8, color=LINE)


def _arrow(axes: Axes, start: Place, end: Place, line: str) -> None:
    style = {"arrowstyle": "-|>", "color": LINE, "linestyle": line, "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", end, start, arrowprops=style, zorder=1)


def _half(label: str) -> float:
    """Half the width of a box, in columns: about 0.075 inches a letter, and its padding."""
    return (0.0375 * max(len(line) for line in label.split("\n")) + 0.1) / COLUMN


def _tallest(places: Places) -> int:
    """Rows of the column with the most nodes."""
    columns = [x for x, _ in places.values()]
    return max(columns.count(x) for x in columns)


def _depth(places: Places) -> float:
    """How far below the middle the arrow to the next step runs, in rows."""
    return (_tallest(places) - 1) / 2 + 0.8


def _colour(name: str, graph: EpisodeGraph) -> str:
    if name in {monitor.name for monitor in graph.monitors}:
        return COLOURS["monitor"]
    if name == "reflect" and graph.critic is not None:
        return COLOURS["critic"]
    roles: dict[str, str] = {agent.name: agent.role for agent in graph.agents}
    roles |= {gate.name: "gate" for gate in graph.gates}
    return COLOURS[roles.get(name, "step")]


def _label(name: str, graph: EpisodeGraph) -> str:
    sources = {agent.name: agent.source for agent in graph.agents if agent.source}
    if name in sources:
        return f"{name}\nreads {sources[name]}"
    if name == "reflect" and graph.critic is not None:
        return f"reflect\n({graph.critic.name})"
    return {"__start__": "START", "__end__": "END"}.get(name, name)
