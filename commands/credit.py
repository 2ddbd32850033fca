"""Who was handed which belief and why, and whether it helped."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from ..errors import SpecError
from .common import HOME, HomeDir, Json, RunId, Settings, Spec, Terminated, awaited, journal, pairs, run_id

ARMS = "routed,none,broadcast,last-k,shuffled"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (why, ablate):
        app.command()(command)


def why(
    run: RunId,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="An agent's name.")],
    episode: Annotated[int, typer.Argument(metavar="EPISODE", help="Its number, from 0.")],
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Show every belief that an agent could have been handed before an episode: scores, reason, tokens."""
    from ..graphs.explanation import explain
    from ..memory import BeliefMemory
    from ..reports import why_json, why_view
    from ..views import show

    with ExitStack() as stack:
        opened = stack.enter_context(journal(home))
        memory = stack.enter_context(BeliefMemory(opened, run_id(run, home)))
        found = explain(memory, agent, episode)
    show(why_json(found), why_view(found), as_json=as_json)


def ablate(
    spec: Spec,
    arms: Annotated[str, typer.Option("--arms", metavar="NAMES", help="Whom to compare, by commas.")] = ARMS,
    seeds: Annotated[str, typer.Option("--seeds", metavar="SEEDS", help="As 0..4, or by commas.")] = "0..4",
    home: HomeDir = HOME,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Run an experiment with its beliefs routed, left out, broadcast, ..., on common seeds, and compare.

    The arms no-monitors and no-critic leave out the risk control within episodes, and that over them.

    Every arm and seed is a run in the home; what has ended is reused, what was interrupted is gone on with.
    """
    from ..graphs import load_experiment
    from ..graphs.ablation import ablate as compare
    from ..reports import ablation_json, ablation_view, told
    from ..views import show

    experiment, numbers = load_experiment(spec, pairs(settings)), seeds_of(seeds)
    names = [name.strip() for name in arms.split(",") if name.strip()]
    try:
        found = awaited(compare(experiment, home, arms=names, seeds=numbers, spec=spec, told=told(quiet=as_json)))
    except (KeyboardInterrupt, Terminated):
        typer.echo("interrupted; everything up to here is kept, and the same command goes on", err=True)
        raise
    show(ablation_json(found), ablation_view(found, experiment), as_json=as_json)


def seeds_of(text: str) -> list[int]:
    """``0..4`` or ``0,3,5`` as numbers.

    Raises:
        SpecError: It's neither.
    """
    first, dots, last = text.partition("..")
    try:
        found = list(range(int(first), int(last) + 1)) if dots else [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found:
        raise SpecError(f"--seeds {text}: write them as 0..4, or as 0,3,5")
    return found
