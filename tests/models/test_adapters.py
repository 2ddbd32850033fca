"""Setting models up: names, keys, parameters, prices; and what importing them costs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from doxa.errors import ModelSetupError
from doxa.models import (
    HeuristicModel,
    LiteLLMModel,
    Model,
    OpenAIModel,
    Price,
    Reply,
    Request,
    ScriptedModel,
    Usage,
    resolve_model,
)
from doxa.models.completions import asking
from doxa.models.failures import AuthenticationError
from doxa.models.prices import listing
from doxa.testing import OpenAIServer, faults

pytestmark = pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning")  # litellm's types, not ours

Question = Callable[..., Request[Any]]


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_importing_the_models_imports_no_client() -> None:
    code = (
        "import sys, doxa.models, doxa.models.gateway, doxa.models.resolve, doxa.models.openai, doxa.models.litellm,"
        "doxa.testing\n"
        "print(sorted({'openai', 'litellm', 'aiohttp', 'httpx', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_name_stands_for_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-y")
    assert isinstance(resolve_model("heuristic"), HeuristicModel)
    assert isinstance(resolve_model("openai/gpt-4o-mini"), OpenAIModel)
    assert isinstance(resolve_model("litellm/anthropic/claude-sonnet-4-5"), LiteLLMModel)
    scripted = ScriptedModel([])
    assert resolve_model(scripted) is scripted


@pytest.mark.parametrize(
    "name",
    [
        "openai/gpt-4o-mini",
        "openai/gpt-4o-mini?max_tokens=9&reasoning_effort=low&seed=1&structured=prompt&temperature=0.3",
        "litellm/anthropic/claude-sonnet-4-5?temperature=0.0",
    ],
)
def test_a_model_s_name_says_how_to_make_it_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-y")
    assert resolve_model(name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("heuristik", r"unknown model 'heuristik': choose from heuristic, .* \(did you mean 'heuristic'\?\)"),
        ("gpt-4o-mini", "unknown model 'gpt-4o-mini': choose from"),
        ("openai/", "unknown model"),
        ("heuristic/x", "unknown model"),
        ("openai/gpt-4o?temprature=1", r"'temprature' isn't known: choose from .*did you mean 'temperature'"),
        ("openai/gpt-4o?seed=x", "seed can't be 'x'; a int is needed"),
        ("openai/gpt-4o?temperature=-1", "temperature=-1.0: at least 0"),
        ("openai/gpt-4o?max_tokens=0", "max_tokens=0: at least 1"),
        ("openai/gpt-4o?structured=xml", "structured='xml' isn't known: choose from auto, json_object"),
        ("openai/gpt-4o", "openai/gpt-4o needs a key: set the environment variable OPENAI_API_KEY"),
        ("litellm/anthropic/claude-sonnet-4-5", "needs a key: set the environment variable ANTHROPIC_API_KEY"),
        ("litellm/antropic/claude", r"no provider for 'antropic/claude'.*did you mean anthropic"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_the_remedy(name: str, message: str) -> None:
    with pytest.raises(ModelSetupError, match=message):
        resolve_model(name)


def test_something_that_is_no_model_is_refused() -> None:
    with pytest.raises(ModelSetupError, match="17 is no model: a model has a name and a coroutine"):
        resolve_model(17)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [OpenAIModel, LiteLLMModel])
def test_an_unknown_parameter_is_refused(kind: Any) -> None:
    with pytest.raises(ModelSetupError, match=r"'temprature' isn't known: choose from .*did you mean 'temperature'"):
        kind("openai/gpt-x", base_url="http://localhost:1", temprature=1)


def test_a_base_url_that_is_none_is_refused() -> None:
    with pytest.raises(ModelSetupError, match="base_url='localhost:8000' is no URL of a server"):
        OpenAIModel("x", base_url="localhost:8000")


def test_the_environment_s_server_gets_the_environment_s_key_and_no_other_does(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    with OpenAIServer({"side": "up", "confidence": 1}) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        for model in (OpenAIModel("x"), OpenAIModel("x", base_url=server.url)):
            asyncio.run(once(model, question()))
        keys = [received.headers["Authorization"] for received in server.requests]
    assert keys == ["Bearer sk-from-the-environment", "Bearer none"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_environment_s_account_is_told_to_the_environment_s_server_alone(
    stream: Any, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    with OpenAIServer({"side": "up", "confidence": 1}) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: rain\nX-Cost: 7")
        asyncio.run(once(OpenAIModel("x", stream=stream), question()))
        asyncio.run(once(OpenAIModel("x", base_url=f"{server.url}/", stream=stream), question()))
        told, untold = ({k.lower(): v for k, v in received.headers.items()} for received in server.requests)
    expected = {"openai-organization": "org-1", "openai-project": "proj-1", "x-team": "rain", "x-cost": "7"}
    assert {name: told.get(name) for name in expected} == expected
    assert not untold.keys() & expected.keys()


@pytest.mark.parametrize("stream", [False, True])
def test_a_user_and_a_password_in_the_url_are_sent_and_never_shown(stream: Any, question: Question) -> None:
    with OpenAIServer({"side": "up", "confidence": 1}) as server:
        model = OpenAIModel("x", base_url=server.url.replace("//", "//me:p%40ss@"), stream=stream)
        asyncio.run(once(model, question()))
        (received,) = server.requests
        assert {k.lower(): v for k, v in received.headers.items()}["authorization"] == "Basic bWU6cEBzcw=="
    assert "p%40ss" not in model.endpoint


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_asked_and_a_netrc_is_not(
    stream: Any, variable: str, question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with OpenAIServer({"side": "up", "confidence": 1}) as server:
        monkeypatch.setenv(variable, server.url.removesuffix("/v1"))
        model = OpenAIModel("x", base_url="http://models.example/v1", api_key="mine", stream=stream)
        asyncio.run(once(model, question()))
        (received,) = server.requests
    headers = {k.lower(): v for k, v in received.headers.items()}
    assert (headers["host"], headers["authorization"]) == ("models.example", "Bearer mine")


def test_a_proxy_that_speaks_no_http_is_refused_unless_it_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ModelSetupError, match=r"a proxy by socks5:// for http://models.example/v1.*HTTP_PROXY"):
        OpenAIModel("x", base_url="http://models.example/v1")
    monkeypatch.setenv("NO_PROXY", "models.example")
    OpenAIModel("x", base_url="http://models.example/v1")


async def once(model: Any, request: Request[Any]) -> Any:
    try:
        return await model.complete(request)
    finally:
        await model.aclose()


@pytest.mark.parametrize("kind", [OpenAIModel, LiteLLMModel])
@pytest.mark.parametrize("key", ["sk-proj-abc_DEF-123456789", "plainkey0123456789"])
def test_a_server_that_repeats_the_key_does_not_get_it_into_the_error(kind: Any, key: str, question: Question) -> None:
    with OpenAIServer(faults.unauthorized(key)) as server, pytest.raises(AuthenticationError) as caught:
        asyncio.run(once(kind("openai/gpt-x", base_url=server.url, api_key=key), question()))
    assert key not in str(caught.value)
    assert "Incorrect API key provided: [key]" in str(caught.value)


def test_openai_s_own_models_get_the_name_of_the_token_limit_that_they_insist_on(question: Question) -> None:
    model = OpenAIModel("gpt-4o-mini", api_key="x", max_tokens=50)
    body = model._settings(question())
    assert body["max_completion_tokens"] == 50
    assert "max_tokens" not in body


@pytest.mark.parametrize(
    ("name", "key"), [("gpt-4o-mini", "response_format"), ("gpt-3.5-turbo", "tools"), ("not-listed", "response_format")]
)
def test_the_price_file_says_how_a_model_can_be_held_to_its_type(name: str, key: str, question: Question) -> None:
    assert key in asking(question(), OpenAIModel(name, api_key="x").structured)


def test_listed_prices_are_used_for_openai_s_own_models_only(question: Question) -> None:
    with OpenAIServer({"side": "up", "confidence": 1}) as server:
        unknown = asyncio.run(once(OpenAIModel("gpt-4o-mini", base_url=server.url), question()))
        given = asyncio.run(once(OpenAIModel("x", base_url=server.url, price=Price(1.0, 10.0)), question()))
    assert unknown.cost is None
    assert given.cost == pytest.approx((5 * 1.0 + 4 * 10.0) / 1e6)
    known = OpenAIModel("gpt-4o-mini", api_key="x").worst_case(question())
    assert known.tokens > 16_384
    assert known.cost == pytest.approx((known.tokens - 16_384) * 0.15e-6 + 16_384 * 0.6e-6)


def test_the_two_adapters_agree_on_a_price(question: Question) -> None:
    thin = OpenAIModel("gpt-4o-mini", api_key="x", max_tokens=10).worst_case(question())
    broad = LiteLLMModel("openai/gpt-4o-mini", api_key="x", max_tokens=10).worst_case(question())
    assert thin == broad


def test_prices() -> None:
    assert Price(3.0, 15.0, 0.3).cost(Usage(1000, 100, 400)) == pytest.approx((600 * 3 + 400 * 0.3 + 100 * 15) / 1e6)
    assert Price(3.0, 15.0).cost(Usage(1000, 100, 400)) == pytest.approx((1000 * 3 + 100 * 15) / 1e6)
    listed = listing("gpt-4o-mini")
    assert listed is not None
    assert listed.price == Price(pytest.approx(0.15), pytest.approx(0.6), pytest.approx(0.075))
    assert listed.most_tokens == 16_384
    tiered = listing("claude-sonnet-4-5")
    assert tiered is not None
    assert tiered.price is not None
    assert tiered.ceiling is not None
    assert tiered.ceiling.prompt > tiered.price.prompt
    assert listing("no-such-model") is None


def test_litellm_knows_what_its_models_can_do(question: Question) -> None:
    assert LiteLLMModel("anthropic/claude-sonnet-4-5", api_key="x").structured == "json_schema"
    assert LiteLLMModel("openai/gpt-3.5-turbo", api_key="x").structured == "tool"
    assert LiteLLMModel("openai/not-listed", api_key="x").structured == "prompt"
    assert LiteLLMModel("openai/not-listed", api_key="x").worst_case(question()).cost is None


def test_litellm_never_starts_its_proxy() -> None:
    LiteLLMModel("openai/gpt-4o", api_key="x")
    assert "litellm.proxy.proxy_server" not in sys.modules


def test_every_model_is_a_model() -> None:
    models: list[Model] = [
        OpenAIModel("x", base_url="http://localhost:1"),
        LiteLLMModel("openai/x", base_url="http://localhost:1"),
        ScriptedModel([]),
        HeuristicModel(),
    ]
    assert all(isinstance(model, Model) for model in models)


def test_claude_s_prefix_is_marked_for_its_cache_and_what_was_cached_is_read_back(question: Question) -> None:
    """A server that speaks Anthropic's protocol on loopback; the marker has to be on the wire."""
    received: list[dict[str, Any]] = []

    class Anthropic(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            usage = {
                "input_tokens": 3,
                "output_tokens": 5,
                "cache_read_input_tokens": 7,
                "cache_creation_input_tokens": 0,
            }
            text = {"type": "text", "text": '{"side": "up", "confidence": 1}'}
            said = {"id": "1", "type": "message", "role": "assistant", "model": "claude", "content": [text]}
            body = json.dumps({**said, "stop_reason": "end_turn", "usage": usage}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    async def ask(model: LiteLLMModel) -> Reply:
        try:
            return await model.complete(question())
        finally:
            await model.aclose()

    with ThreadingHTTPServer(("127.0.0.1", 0), Anthropic) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        model = LiteLLMModel("anthropic/claude-sonnet-4-5", base_url=url, api_key="k", structured="prompt")
        reply = asyncio.run(ask(model))
        server.shutdown()
    [body] = received
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in json.dumps(body["messages"])
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens) == (10, 7)


def test_models_that_cache_by_themselves_get_plain_messages(question: Question) -> None:
    with OpenAIServer({"side": "up", "confidence": 1}) as server:
        model = LiteLLMModel("openai/gpt-4o-mini", base_url=server.url, api_key="k", structured="json_schema")

        async def ask() -> None:
            try:
                await model.complete(question())
            finally:
                await model.aclose()

        asyncio.run(ask())
    assert isinstance(server.requests[0].body["messages"][0]["content"], str)
