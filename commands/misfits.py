"""What a person says of a belief that would keep it from everyone in the run's team: most often a misspelt name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import typer

from ..errors import options

if TYPE_CHECKING:
    from ..memory import BeliefMemory, Predicate


def tell_misfits(
    memory: BeliefMemory, aspect: str | None, audience: Iterable[str] | None, when: Iterable[Predicate]
) -> None:
    """Say on standard error what fits nothing in the run; another team's may start from it, so nothing is refused."""
    for line in misfits(memory, aspect, audience or (), [predicate.fact for predicate in when]):
        typer.echo(f"note: {line}", err=True)


def misfits(memory: BeliefMemory, aspect: str | None, audience: Iterable[str], facts: Iterable[str]) -> Iterator[str]:
    """A line per name that the run doesn't know; none where it records no team, as an import doesn't."""
    from ..memory.sentences import vocabulary

    started = next(memory.journal.events(memory.run, kind="run.started"), None)
    agents = started.payload["spec"]["graph"]["agents"] if started is not None and "spec" in started.payload else []
    if not agents:
        return
    yield from _strange("agent", audience, [agent["name"] for agent in agents], "nobody is handed it under that name")
    if aspect not in {None, "unknown"}:
        sources = {agent["source"] for agent in agents if agent.get("source")}
        yield from _strange("source", [str(aspect).partition(".")[0]], sources, "no analyst is handed it")
    if known := vocabulary(memory.journal, memory.run, 2**31):
        yield from _strange("fact", facts, known, "it applies nowhere")


def _strange(what: str, given: Iterable[str], known: Iterable[str], so: str) -> Iterator[str]:
    for name in given:
        if name not in (names := set(known)):
            yield f"this run has no {what} {name!r}, so {so}: {options(name, names)}"
