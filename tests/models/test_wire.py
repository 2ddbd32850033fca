"""Every fault over real HTTP, through both adapters: recovered or typed, and how many requests it took."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from doxa.models import CallError, Gateway, LiteLLMModel, MemoryLog, OpenAIModel, Place, Request, RetryPolicy
from doxa.models import failures as f
from doxa.testing import Fault, OpenAIServer, faults

pytestmark = pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning")  # litellm's types, not ours

HERE = Place(0, 3, 1, "news")
GOOD = {"side": "up", "confidence": 0.5}
UNFIT = {"side": "sideways", "confidence": 0.5}
POLICY = RetryPolicy(attempts=3, base_delay=0.0, max_delay=0.0, deadline=30.0)
KEY = "sk-a-very-secret-key-123456"

Make = Callable[..., Any]


class Warm(BaseModel):
    """Nothing."""


@dataclass(frozen=True)
class Cell:
    """What becomes of a fault that happens once, and of one that happens always."""

    fault: Fault | dict[str, Any]
    failure: type[CallError]
    recovers: bool
    lasting: int
    """Requests on the wire when it happens always."""

    @property
    def name(self) -> str:
        return self.fault.name if isinstance(self.fault, Fault) else "schema mismatch"

    def patience(self, seconds: float) -> dict[str, float]:
        """A short timeout where the fault is to be waited out."""
        return {"timeout": seconds} if self.failure is f.ModelTimeoutError else {}


def passing(fault: Fault, failure: type[CallError]) -> Cell:
    return Cell(fault, failure, recovers=True, lasting=3)


def final(fault: Fault, failure: type[CallError]) -> Cell:
    return Cell(fault, failure, recovers=False, lasting=1)


CELLS = [
    passing(faults.rate_limit(), f.RateLimitError),
    passing(faults.rate_limit(retry_after=0), f.RateLimitError),
    passing(faults.server_error(500), f.ServerError),
    passing(faults.server_error(502), f.ServerError),
    passing(faults.server_error(503), f.ServerError),
    passing(faults.reset(), f.ConnectionLostError),
    passing(faults.timeout(), f.ModelTimeoutError),
    passing(faults.truncated(), f.MalformedReplyError),
    passing(faults.empty_body(), f.MalformedReplyError),
    passing(faults.html(), f.MalformedReplyError),
    passing(faults.invalid_json(), f.MalformedReplyError),
    passing(faults.no_choices(), f.MalformedReplyError),
    passing(faults.null_content(), f.MalformedReplyError),
    passing(faults.empty_content(), f.MalformedReplyError),
    final(faults.rate_limit(retry_after=90), f.RateLimitError),
    final(faults.quota(), f.QuotaError),
    final(faults.refusal(), f.RefusalError),
    final(faults.content_filter(), f.ContentFilterError),
    final(faults.filtered_prompt(), f.ContentFilterError),
    final(faults.length(), f.TruncatedError),
    final(faults.context_overflow(), f.ContextOverflowError),
    final(faults.wrong_model(), f.ModelNotFoundError),
    final(faults.unauthorized(KEY), f.AuthenticationError),
    final(faults.bad_request(), f.BadRequestError),
    Cell(UNFIT, f.OutputError, recovers=True, lasting=2),
]


def thin(server: OpenAIServer, **changes: Any) -> OpenAIModel:
    return OpenAIModel("gpt-x", base_url=server.url, api_key=KEY, **changes)


def broad(server: OpenAIServer, **changes: Any) -> LiteLLMModel:
    return LiteLLMModel("openai/gpt-x", base_url=server.url, api_key=KEY, structured="json_schema", **changes)


@pytest.fixture(scope="module", autouse=True)
def _litellm_imports_the_rest_of_itself_on_its_first_call() -> None:
    with OpenAIServer("{}") as server:
        model = broad(server)
        asyncio.run(closing(model, model.complete(Request("warm", (), Warm))))


async def closing(model: Any, work: Any) -> Any:
    try:
        return await work
    finally:
        await model.aclose()


def ask(model: Any, question: Callable[..., Request[Any]], log: MemoryLog, **changes: Any) -> Any:
    async def main() -> Any:
        async with Gateway(model, log=log, policy=POLICY, **changes) as gateway:
            return await gateway.ask(question(), HERE)

    return asyncio.run(main())


@pytest.mark.parametrize("make", [thin, broad])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_fault_that_happens_once(make: Make, cell: Cell, question: Callable[..., Request[Any]]) -> None:
    log = MemoryLog()
    with OpenAIServer([cell.fault, GOOD]) as server:
        if cell.recovers:
            answer = ask(make(server, **cell.patience(1.0)), question, log)
            assert answer.value.side == "up"
            assert len(server.requests) == 2
        else:
            with pytest.raises(cell.failure):
                ask(make(server, **cell.patience(1.0)), question, log)
            assert len(server.requests) == 1
            assert ask(make(server), question, log).value.side == "up", "a resumed run asks again"


@pytest.mark.parametrize("make", [thin, broad])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_fault_that_lasts(make: Make, cell: Cell, question: Callable[..., Request[Any]]) -> None:
    log = MemoryLog()
    with OpenAIServer(lambda _: cell.fault) as server:
        with pytest.raises(cell.failure) as caught:
            ask(make(server, **cell.patience(0.2)), question, log)
        assert type(caught.value) is cell.failure
        assert len(server.requests) == cell.lasting
    message = str(caught.value)
    assert "agent 'news', episode 0, step 3" in message
    assert message.endswith(caught.value.remedy)
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("make", [thin, broad])
def test_a_server_that_is_not_there(make: Make, question: Callable[..., Request[Any]]) -> None:
    with OpenAIServer(GOOD) as gone:
        pass
    with pytest.raises(f.ConnectionFailedError, match=r"attempt 3.*can't be reached"):
        ask(make(gone), question, MemoryLog())
    with OpenAIServer(GOOD) as there:
        answer = ask(make(gone), question, MemoryLog(), fallbacks=[make(there)])
        assert answer.value.side == "up"
        assert len(there.requests) == 1


@pytest.mark.parametrize("make", [thin, broad])
def test_a_wait_longer_than_the_deadline_fails_over_at_once(make: Make, question: Callable[..., Request[Any]]) -> None:
    with OpenAIServer(faults.rate_limit(retry_after=90)) as busy, OpenAIServer(GOOD) as idle:
        answer = ask(make(busy), question, MemoryLog(), fallbacks=[make(idle)])
        assert answer.value.side == "up"
        assert (len(busy.requests), len(idle.requests)) == (1, 1)


@pytest.mark.parametrize("make", [thin, broad])
def test_what_goes_over_the_wire(make: Make, question: Callable[..., Request[Any]]) -> None:
    with OpenAIServer(GOOD, api_key=KEY, models=["gpt-x"]) as server:
        answer = ask(make(server, temperature=0.3, seed=7, max_tokens=50), question, MemoryLog())
        received = server.requests[0]
    assert received.path == "/v1/chat/completions"
    assert received.headers["Authorization"] == f"Bearer {KEY}"
    assert received.body["model"] == "gpt-x"
    assert received.body["messages"] == [
        {"role": "system", "content": "You read news."},
        {"role": "user", "content": "what now?"},
    ]
    assert {name: received.body[name] for name in ("temperature", "seed", "max_tokens")} == {
        "temperature": 0.3,
        "seed": 7,
        "max_tokens": 50,
    }
    described = received.body["response_format"]["json_schema"]
    assert (described["name"], described["strict"]) == ("Stance", True)
    assert described["schema"]["required"] == ["side", "confidence"]
    reply = answer.replies[0]
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (5, 4)
    assert (reply.model, reply.cost, reply.details["finish_reason"]) == ("gpt-x", None, "stop")
    assert reply.latency > 0


@pytest.mark.parametrize("make", [thin, broad])
def test_an_agent_s_own_settings_go_before_the_model_s(make: Make, question: Callable[..., Request[Any]]) -> None:
    with OpenAIServer(GOOD) as server:
        model = make(server, temperature=0.3, seed=7)
        asyncio.run(closing(model, model.complete(question(temperature=0.0, max_tokens=9))))
        body = server.requests[0].body
    assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.0, 7, 9)


@pytest.mark.parametrize("make", [thin, broad])
@pytest.mark.parametrize("structured", ["tool", "json_object", "prompt"])
def test_other_ways_to_hold_a_model_to_its_type(
    make: Make, structured: str, question: Callable[..., Request[Any]]
) -> None:
    with OpenAIServer(GOOD) as server:
        model = OpenAIModel if make is thin else LiteLLMModel
        name = "gpt-x" if make is thin else "openai/gpt-x"
        answer = ask(model(name, base_url=server.url, api_key=KEY, structured=structured), question, MemoryLog())
        body = server.requests[0].body
    assert answer.value.side == "up"
    if structured == "tool":
        assert body["tool_choice"] == {"type": "function", "function": {"name": "Stance"}}
        assert body["tools"][0]["function"]["parameters"]["required"] == ["side", "confidence"]
        assert body["messages"][0]["content"] == "You read news."
    else:
        assert body["messages"][0]["content"].startswith("You read news.\n\nReply with one JSON object")
        assert '"enum": ["up", "down"]' in body["messages"][0]["content"]
        assert body.get("response_format") == ({"type": "json_object"} if structured == "json_object" else None)


@pytest.mark.parametrize("make", [thin, broad])
def test_proxies_are_not_asked_for_the_loopback_interface(
    make: Make, question: Callable[..., Request[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "example.org")
    with OpenAIServer(GOOD) as server:
        assert ask(make(server), question, MemoryLog()).value.side == "up"


@pytest.mark.parametrize("make", [thin, broad])
def test_a_model_may_be_used_from_one_event_loop_after_another(
    make: Make, question: Callable[..., Request[Any]]
) -> None:
    with OpenAIServer(GOOD) as server:
        model = make(server)
        for _ in range(3):
            asyncio.run(closing(model, model.complete(question())))
        assert len(server.requests) == 3
