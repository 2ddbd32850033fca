"""What a propagation depends on, as the journal keeps it: an answer is given again only to the same question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from .canonical import canonical, sha256
from .omissions import as_recorded
from .propagation import AgentProfile, Propagation, PropagationContext
from .state import Beliefs


def asked(
    agents: Sequence[AgentProfile],
    context: PropagationContext,
    policy: Propagation,
    candidates: Beliefs,
    recorded: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything a propagation depends on; a setting that the policy ``recorded`` lacks counts as its default."""
    unnamed = {"evidence": {"__all__": {"run"}}}  # equal runs have equal logs, whatever they are called
    beliefs = [candidates[i].model_dump(mode="json", exclude=unnamed) for i in sorted(candidates)]
    return {
        "agents": sha256(canonical([asdict(agent) for agent in agents])),
        "beliefs": sha256(canonical(beliefs)),
        "facts": dict(context.facts),
        "mode": context.mode,
        "policy": as_recorded(policy, _described(policy), recorded.get("policy"), _plain),
        "start": None if context.start is None else context.start.isoformat(),
    }


def _described(policy: object) -> dict[str, Any]:
    """A policy's type and settings, and those of the policies in it."""
    settings = {f.name: getattr(policy, f.name) for f in fields(policy)} if is_dataclass(policy) else {}
    return {"type": type(policy).__name__, **{name: _plain(value) for name, value in settings.items()}}


def _plain(value: object) -> Any:  # noqa: ANN401  JSON
    return _described(value) if is_dataclass(value) else value
