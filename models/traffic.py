"""What several teams share when they ask at the same time: one budget, one queue per endpoint, their models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from .budget import Budget
from .clock import Clock, LoopClock
from .endpoints import Breaker, Endpoints
from .limits import Limits
from .protocol import Model
from .resolve import resolve_model


class Traffic:
    """Shared by gateways that run at the same time.

    Args:
        budget: What all of them together may use; what was used earlier is charged by whoever makes it.
        limits: Of every endpoint, or by the endpoint's name.
        breaker: When an endpoint counts as down.
        clock: What they go by.
    """

    def __init__(
        self,
        budget: Budget | None = None,
        limits: Limits | Mapping[str, Limits] | None = None,
        breaker: Breaker | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.budget = budget or Budget()
        self.endpoints = Endpoints(limits or Limits(), breaker or Breaker(), clock or LoopClock())
        self._resolved: dict[str, Model] = {}
        self._holders: Counter[int] = Counter()

    def resolve(self, model: str | Model) -> Model:
        """The model by this name, the same for everybody; a model is itself.

        Raises:
            ModelSetupError: It's unknown or can't be set up.
        """
        if not isinstance(model, str):
            return model
        if model not in self._resolved:
            self._resolved[model] = resolve_model(model)
        return self._resolved[model]

    def hold(self, models: Iterable[Model]) -> None:
        """Use models until :meth:`release`."""
        self._holders.update(id(_innermost(model)) for model in models)

    async def release(self, models: Iterable[Model]) -> None:
        """Close the connections of those that nobody uses any more."""
        for model in models:
            held = id(_innermost(model))
            self._holders[held] -= 1
            if self._holders[held] <= 0:
                del self._holders[held]
                close = getattr(model, "aclose", None)
                if close is not None:
                    await close()


def _innermost(model: Model) -> Model:
    """The model in a traced one."""
    inner = getattr(model, "model", None)
    return _innermost(inner) if isinstance(inner, Model) else model
