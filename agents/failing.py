"""What becomes of a step when an agent's model fails for good: the run stops, or goes on with a recorded gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..environments.protocol import EnvironmentSpec, Json
from ..errors import ActionError, SpecError, options
from ..models import failures as f
from ..models.failures import CallError

COVERED: Mapping[type[CallError], str] = MappingProxyType(
    {
        f.RateLimitError: "its model's provider asked to slow down",
        f.ServerError: "its model's provider failed",
        f.ModelTimeoutError: "its model gave no answer in time",
        f.ConnectionFailedError: "its model couldn't be reached",
        f.ConnectionLostError: "the connection to its model broke",
        f.CircuitOpenError: "its model's provider was failing",
        f.MalformedReplyError: "its model's reply was incomplete",
        f.TruncatedError: "its model's reply was too long",
        f.ContextOverflowError: "its source was too long for its model",
        f.RefusalError: "its model declined to answer",
        f.ContentFilterError: "its model's provider withheld the answer",
        f.OutputError: "its model's reply didn't have the form asked for",
    }
)
"""The failures that a run may go on after, each with the one neutral line that others are told about it.

Any other failure stops every run, because it says that something is wrong with the run and not with this step:
``AuthenticationError``, ``ModelNotFoundError``, ``BadRequestError``, ``QuotaError``, ``BudgetExceededError``, and what
isn't a ``CallError`` at all, a model's set-up above all.
"""


@dataclass(frozen=True)
class SafeAction:
    """What is done instead of a decision when the manager failed; an action of the environment."""

    action: Json


@dataclass(frozen=True)
class OnFailure:
    """What a failed agent means to a run, after all retries, fallbacks and repairs.

    Attributes:
        analyst: ``stop`` the run, which can be resumed; or ``skip`` the analyst at this step: the manager is told that
            it has no insight and why, and a ``gap`` is recorded.
        manager: ``stop`` the run; or a ``SafeAction``, which is taken and recorded as such.
    """

    analyst: Literal["stop", "skip"] = "stop"
    manager: Literal["stop"] | SafeAction = "stop"

    def check(self, environment: EnvironmentSpec) -> None:
        """See that the policy can be kept in an environment.

        Raises:
            SpecError: It can't; the message says what can.
        """
        if self.analyst not in ("stop", "skip"):
            raise SpecError(f"OnFailure: analyst is {self.analyst!r}: {options(self.analyst, ('stop', 'skip'))}")
        if self.manager != "stop" and not isinstance(self.manager, SafeAction):
            raise SpecError(f"OnFailure: manager is {self.manager!r}: give 'stop' or SafeAction({self.manager!r})")
        if isinstance(self.manager, SafeAction):
            try:
                environment.action.validate(self.manager.action)
            except ActionError as error:
                raise SpecError(f"OnFailure: the safe action can't be taken in {environment.id}: {error}") from None

    def covers(self, role: str, failure: CallError) -> type[CallError] | None:
        """The kind of failure, if the run goes on after it."""
        goes_on = self.manager != "stop" if role == "manager" else self.analyst == "skip"
        return next((kind for kind in type(failure).__mro__ if kind in COVERED), None) if goes_on else None
