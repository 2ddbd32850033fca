"""Whether an environment keeps its promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from ..errors import EnvironmentContractError
from .fresh import Factory, build
from .parts import Parts
from .probe import Probe, UnprovableError, play
from .promises import PROMISES, Check
from .protocol import ActionSchema, EnvironmentSpec, Json
from .randomness import RandomState

MOST_STEPS = 1000
"""Steps that are played at most if the caller doesn't say."""


@dataclass(frozen=True)
class CheckReport:
    """What was proven.

    Attributes:
        environment: Id of the environment.
        steps: Steps that were played per episode.
        kept: The promises that were checked and are kept.
        skipped: Those that couldn't be checked, each with the reason.
    """

    environment: str
    steps: int
    kept: tuple[str, ...]
    skipped: tuple[str, ...]


def check_environment(
    make: Factory,
    *,
    seed: int = 0,
    steps: int | None = None,
    actions: Sequence[Json] | None = None,
    timeout: float = 300.0,
) -> CheckReport:
    """Prove by playing what the protocol promises.

    Same seed, same episode; a snapshot restored in this and in a fresh process goes on identically; the caller's global
    random state stays untouched; an impossible action is refused and changes nothing; spec, views, clock, rewards and
    end fit together. That ``info`` doesn't leak into the views can't be proven by playing, and isn't.

    Args:
        make: A callable that makes the environment, or ``"module:name"`` of one. A fresh process has to find it: a
            function or class of a module, or a ``functools.partial`` of one. Each call must give a new environment.
        seed: Of the episode.
        steps: Steps to play; by default the whole episode, at most 1,000.
        actions: Valid actions, taken in turn; by default the options of a ``Choice``, or of ``Parts`` for all at once
            and mixed.
        timeout: Seconds that the fresh process may take.

    Raises:
        EnvironmentContractError: Promises are broken; the message lists all of them.
    """
    state = RandomState.current()
    try:
        return _check(make, seed, steps, actions, timeout)
    finally:
        state.restore()


def _check(make: Factory, seed: int, steps: int | None, actions: Sequence[Json] | None, timeout: float) -> CheckReport:
    environment = build(make)
    spec = environment.spec
    taken = islice(cycle(_actions(spec, actions)), steps or min(spec.max_steps, MOST_STEPS))
    try:
        episode = play(environment, seed, tuple(taken))
    except EnvironmentContractError as error:
        raise EnvironmentContractError(f"{spec.id} can't be played: {error}") from error
    findings = {promise: _find(check, Probe(make, seed, episode, timeout)) for promise, check in PROMISES.items()}
    broken = [f"- {promise}: {problem}" for promise, found in findings.items() for problem in found.problems]
    if broken:
        raise EnvironmentContractError("\n".join([f"{spec.id} breaks its contract:", *broken]))
    kept = tuple(promise for promise, found in findings.items() if found.skipped is None)
    skipped = tuple(f"{promise}: {found.skipped}" for promise, found in findings.items() if found.skipped is not None)
    return CheckReport(spec.id, len(episode.results), kept, skipped)


@dataclass(frozen=True)
class _Finding:
    problems: tuple[str, ...]
    skipped: str | None


def _find(check: Check, probe: Probe) -> _Finding:
    """Every problem once, however often it occurs."""
    problems: dict[str, None] = {}
    skipped = None
    try:
        for problem in check(probe):
            problems[problem] = None
    except UnprovableError as reason:
        skipped = str(reason)
    except EnvironmentContractError as error:
        problems[str(error)] = None
    return _Finding(tuple(problems), skipped)


def _listed(schema: ActionSchema) -> Sequence[Json]:
    if isinstance(schema, Parts):
        turn = cycle(schema.options)
        return [*map(schema.all, schema.options), {name: next(turn) for name in schema.names}]
    return getattr(schema, "options", ())


def _actions(spec: EnvironmentSpec, given: Sequence[Json] | None) -> Sequence[Json]:
    found: Sequence[Json] = given if given is not None else _listed(spec.action)
    if not found:
        raise EnvironmentContractError(
            f"{spec.id}: no actions to check with; its schema lists no options, so give some: actions=[...]"
        )
    return found
