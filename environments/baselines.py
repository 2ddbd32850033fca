"""Playing an environment with a fixed rule: what a team has to beat."""

from __future__ import annotations

from dataclasses import dataclass

from .protocol import Environment, Json, Policy


@dataclass(frozen=True)
class Trajectory:
    """What was done in an episode, and what came of it, step by step."""

    actions: tuple[Json, ...]
    rewards: tuple[float, ...]


def play(environment: Environment, policy: Policy, seed: int = 0) -> Trajectory:
    """One whole episode."""
    observation = environment.reset(seed)
    actions: list[Json] = []
    rewards: list[float] = []
    over = False
    while not over:
        action = policy(observation)
        result = environment.step(action)
        actions.append(action)
        rewards.append(result.reward)
        observation, over = result.observation, result.over
    return Trajectory(tuple(actions), tuple(rewards))


def always(action: Json) -> Policy:
    """The policy that never looks."""
    return lambda _: action


def buy_and_hold(environment: Environment, seed: int = 0) -> Trajectory:
    """A market bought on the first day and kept; costs, if any, are paid once."""
    return play(environment, always("buy"), seed)


def flat(environment: Environment, seed: int = 0) -> Trajectory:
    """A market left alone."""
    return play(environment, always("hold"), seed)
