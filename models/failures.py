"""How a call to a model fails, and what is then done about it.

Every failure says who asked, where, at which attempt, and what to do; the gateway fills the place in. What the gateway
does with each is one table, :data:`HANDLING`:

======================== ======= ========== ===== ====== ===============================================================
failure                  retried fails over trips billed when
======================== ======= ========== ===== ====== ===============================================================
RateLimitError           yes     yes                     429; waits as the server asks, if the deadline allows
ServerError              yes     yes        yes          5xx, 409
ModelTimeoutError        yes     yes        yes   maybe  408, or no answer in time
ConnectionFailedError    yes     yes        yes          the endpoint couldn't be reached; nothing was sent
ConnectionLostError      yes     yes        yes   maybe  the connection broke after the request was sent
MalformedReplyError      yes     yes              maybe  HTML, invalid JSON, no choices, no content, no clean end
CircuitOpenError                 yes                     the endpoint failed too often in a row; nothing was sent
QuotaError                       yes                     429 that says the account has run dry
TruncatedError                   yes              maybe  the reply hit the token limit
ContextOverflowError             yes                     the prompt doesn't fit into the model
RefusalError                     yes              maybe  the model refused
ContentFilterError               yes              maybe  the provider's filter withheld the reply
OutputError                                       maybe  the reply doesn't fit the response type, nor did its repair
AuthenticationError                                      401, 403
ModelNotFoundError                                       404
BadRequestError                                          400, 422 and every other refusal of the request itself
BudgetExceededError                                      the next attempt could overshoot the budget; nothing was sent
======================== ======= ========== ===== ====== ===============================================================

*Retried*: sent again after a pause, up to the policy's attempts and deadline. *Fails over*: the next fallback model is
asked. *Trips*: counts towards opening the endpoint's circuit. *Billed, maybe*: the provider may have charged for the
attempt, so the budget counts the usage it reported, or else the worst case. What neither a retry nor a fallback mends
ends the call, and by default the run, which can be resumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Self

from ..errors import ModelError
from .protocol import Place, Usage


class CallError(ModelError):
    """One call to a model failed.

    Attributes:
        problem: What happened.
        retry_after: Seconds the server asks to wait; ``None`` if it didn't say.
        usage: Tokens the provider counted in spite of the failure; ``None`` if it reported none.
        cost: US dollars for ``usage``.
        place: Where in the run; ``None`` until the gateway has filled it in.
        model: Name of the model that was asked.
        attempt: How many requests had been sent for this call, the failed one included.
        request: Digest of the request that failed.
    """

    remedy: ClassVar[str] = ""

    def __init__(
        self, problem: str, *, retry_after: float | None = None, usage: Usage | None = None, cost: float | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.retry_after = retry_after
        self.usage = usage
        self.cost = cost
        self.place: Place | None = None
        self.model = ""
        self.attempt = 0
        self.request = ""

    def located(self, place: Place, model: str, attempt: int, request: str = "") -> Self:
        """The same failure, with its place filled in."""
        self.place, self.model, self.attempt, self.request = place, model, attempt, request
        return self

    def facts(self) -> dict[str, Any]:
        """The failure as JSON: who asked, where, at which attempt, what happened, and the remedy."""
        place = self.place
        return {
            "error": type(self).__name__,
            "message": self.problem,
            "remedy": self.remedy,
            "agent": place.agent if place else None,
            "episode": place.episode if place else None,
            "step": place.step if place else None,
            "attempt": self.attempt,
            "model": self.model,
        }

    def __str__(self) -> str:
        """Where, what, and the remedy."""
        problem = self.problem.rstrip(".")
        if self.place is not None:
            where = f"agent {self.place.agent!r}, episode {self.place.episode}, step {self.place.step}"
            problem = f"{where}, attempt {self.attempt}, model {self.model}: {problem}"
        return f"{problem}. {self.remedy}" if self.remedy else problem


class RateLimitError(CallError):
    """The provider asks to slow down."""

    remedy = "Lower the concurrency, set limits for the endpoint, or name a fallback model; resume the run later."


class QuotaError(CallError):
    """The account has run dry; waiting doesn't help."""

    remedy = "Top up the provider's account or name a fallback model, then resume the run."


class ServerError(CallError):
    """The provider failed on its side."""

    remedy = "Resume the run when the provider is well again, or name a fallback model."


class ModelTimeoutError(CallError):
    """No answer in time."""

    remedy = "Raise the model's timeout or the policy's deadline, or name a fallback model; resume the run."


class ConnectionFailedError(CallError):
    """The endpoint couldn't be reached; nothing was sent."""

    remedy = "Check the base URL, that the server runs, and the network; then resume the run."


class ConnectionLostError(CallError):
    """The connection broke after the request was sent; whether it was answered isn't known."""

    remedy = "Check the server and the network, then resume the run."


class CircuitOpenError(CallError):
    """The endpoint failed too often in a row and is left alone for a while; nothing was sent."""

    remedy = (
        "See the failures before this one; resume the run when the endpoint is well again, or name a fallback model."
    )


class MalformedReplyError(CallError):
    """What came back is no completed reply."""

    remedy = "Check that the base URL points at an OpenAI-compatible chat endpoint, then resume the run."


class TruncatedError(CallError):
    """The reply hit its token limit."""

    remedy = "Raise max_tokens."


class ContextOverflowError(CallError):
    """The prompt is longer than the model can read."""

    remedy = "Shorten what the agent reads, propagate fewer beliefs, or use a model with a larger context."


class RefusalError(CallError):
    """The model refused to answer."""

    remedy = "Reword the agent's instructions or use another model."


class ContentFilterError(CallError):
    """The provider's content filter stopped the prompt or the reply."""

    remedy = "Look at what the agent read at this step, or use another model."


class OutputError(CallError):
    """The reply doesn't fit the response type, and neither did its repair."""

    remedy = "Resume the run to ask again, lower the temperature, or use a model with structured output."


class AuthenticationError(CallError):
    """The provider doesn't accept the key."""

    remedy = "Check the API key and what it may use, then resume the run."


class ModelNotFoundError(CallError):
    """The endpoint doesn't know the model."""

    remedy = "Check the model's name and the base URL."


class BadRequestError(CallError):
    """The endpoint refuses the request itself."""

    remedy = "Check the model's settings against what the endpoint supports."


class BudgetExceededError(CallError):
    """The next attempt could overshoot the budget; it wasn't sent."""

    remedy = "Raise the budget and resume the run; nothing answered is paid again."


@dataclass(frozen=True)
class Handling:
    """What is done about a failure; see the table of the module."""

    retried: bool = False
    fails_over: bool = False
    trips: bool = False
    billed: bool = False


HANDLING: Mapping[type[CallError], Handling] = MappingProxyType(
    {
        RateLimitError: Handling(retried=True, fails_over=True),
        ServerError: Handling(retried=True, fails_over=True, trips=True),
        ModelTimeoutError: Handling(retried=True, fails_over=True, trips=True, billed=True),
        ConnectionFailedError: Handling(retried=True, fails_over=True, trips=True),
        ConnectionLostError: Handling(retried=True, fails_over=True, trips=True, billed=True),
        MalformedReplyError: Handling(retried=True, fails_over=True, billed=True),
        CircuitOpenError: Handling(fails_over=True),
        QuotaError: Handling(fails_over=True),
        TruncatedError: Handling(fails_over=True, billed=True),
        ContextOverflowError: Handling(fails_over=True),
        RefusalError: Handling(fails_over=True, billed=True),
        ContentFilterError: Handling(fails_over=True, billed=True),
        OutputError: Handling(billed=True),
        AuthenticationError: Handling(),
        ModelNotFoundError: Handling(),
        BadRequestError: Handling(),
        BudgetExceededError: Handling(),
    }
)


def handling(error: BaseException) -> Handling:
    """What is done about an error; anything that isn't in the table ends the call."""
    return next((HANDLING[kind] for kind in type(error).__mro__ if kind in HANDLING), Handling())


def named(kind: str) -> type[CallError]:
    """The failure of this name."""
    return next((known for known in HANDLING if known.__name__ == kind), CallError)
