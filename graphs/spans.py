"""What a span says, in OpenTelemetry's GenAI semantic conventions; no prompt, no reply, no key is ever in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import WaitingError
from ..models.protocol import Model, Reply, Request, T, WorstCase, worst_case

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Value = str | bool | int | float | list[str]


def described(attributes: dict[str, Value | None]) -> dict[str, Value]:
    """Attributes without those that aren't known."""
    return {name: value for name, value in attributes.items() if value is not None}


def run_attributes(run: str, name: str, mode: str) -> dict[str, Value]:
    """What a run's span says."""
    workflow: dict[str, Value] = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": name}
    return {**workflow, "gen_ai.conversation.id": run, "doxa.mode": mode}


def agent_attributes(agent: str, episode: int, step: int) -> dict[str, Value]:
    """What the span of one question of an agent says."""
    asked: dict[str, Value] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent}
    return {**asked, "doxa.episode": episode, "doxa.step": step}


def request_attributes(model: Model, request: Request[Any]) -> dict[str, Value]:
    """What a call's span says before the call."""
    provider, _, name = model.name.partition("?")[0].removeprefix("litellm/").partition("/")
    where = urlsplit(str(getattr(model, "endpoint", "")))
    return described(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": name or provider,
            "gen_ai.request.temperature": request.settings.temperature,
            "gen_ai.request.max_tokens": request.settings.max_tokens,
            "gen_ai.request.seed": request.settings.seed,
            "gen_ai.output.type": "json",
            "server.address": where.hostname,
            "server.port": where.port if where.hostname else None,
        }
    )


def reply_attributes(reply: Reply) -> dict[str, Value]:
    """What a call's span says after it."""
    finish = reply.details.get("finish_reason")
    return described(
        {
            "gen_ai.response.model": reply.model or None,
            "gen_ai.response.finish_reasons": [finish] if finish else None,
            "gen_ai.usage.input_tokens": reply.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": reply.usage.completion_tokens,
            "gen_ai.usage.cache_read.input_tokens": reply.usage.cached_tokens,
            "doxa.cost": reply.cost,
        }
    )


@contextmanager
def failing(span: Span) -> Iterator[None]:
    """Mark a span with the type of what goes wrong; messages stay out, they may quote what was read or written."""
    from opentelemetry.trace import Status, StatusCode

    try:
        yield
    except WaitingError:
        raise  # to wait for people is no failure
    except BaseException as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR))
        raise


@dataclass(frozen=True)
class TracedModel:
    """A model whose every attempt is a span, beneath the span of who asks."""

    model: Model
    tracer: Tracer

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def endpoint(self) -> str:
        """The model's."""
        return str(getattr(self.model, "endpoint", self.model.name))

    async def complete(self, request: Request[T]) -> Reply:
        """Ask the model once."""
        from opentelemetry.trace import SpanKind, use_span

        attributes = request_attributes(self.model, request)
        span = self.tracer.start_span(
            f"chat {attributes['gen_ai.request.model']}", kind=SpanKind.CLIENT, attributes=attributes
        )
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False), failing(span):
            reply = await self.model.complete(request)
            span.set_attributes(reply_attributes(reply))
            return reply

    def worst_case(self, request: Request[Any]) -> WorstCase:
        """The model's."""
        return worst_case(self.model, request)

    async def aclose(self) -> None:
        """Close the model's connections."""
        close = getattr(self.model, "aclose", None)
        if close is not None:
            await close()
