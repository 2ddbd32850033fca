"""Which model answers which agent."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ModelSetupError, options
from .protocol import Model

EVERYONE = "*"
"""The key of the model for all agents that aren't named."""


class Assignment:
    """One model for all agents, or one per agent by name; ``"*"`` stands for every agent that isn't named."""

    def __init__(self, models: Model | Mapping[str, Model]) -> None:
        self._models = dict(models) if isinstance(models, Mapping) else {EVERYONE: models}
        if not self._models:
            raise ModelSetupError('no model was given: pass one model for all agents, or {"agent": model, "*": model}')

    def model_for(self, agent: str) -> Model:
        """The model that answers an agent.

        Raises:
            ModelSetupError: None does.
        """
        model = self._models.get(agent, self._models.get(EVERYONE))
        if model is None:
            raise ModelSetupError(
                f"agent {agent!r} has no model: {options(agent, self._models)}; "
                f"give it one, or add {EVERYONE!r} for every agent that isn't named"
            )
        return model

    @property
    def models(self) -> tuple[Model, ...]:
        """Every model once, in the order given."""
        return tuple({id(model): model for model in self._models.values()}.values())
