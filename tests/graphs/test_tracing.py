"""Traces as a collector gets them: over real HTTP, parsed from OTLP's own protobuf."""

from __future__ import annotations

import asyncio
import random
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, Experiment, Manager, OpenAIModel, Run, hierarchy, train
from doxa.environments import Choice, Environment, EnvironmentSpec, Outcome, Source, View, Weather
from doxa.errors import MissingExtraError, SpecError
from doxa.models import HeuristicModel, RetryPolicy
from doxa.models import failures as f
from doxa.testing import Fault, OpenAIServer, faults

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra 'tracing' isn't installed")

KEY = "sk-a-very-secret-key-123456"
SECRET = "a note that nobody else should read"
INSIGHT = {"stance": "stay", "confidence": 0.5, "rationale": SECRET, "evidence": [], "beliefs": []}
DECISION = {"action": "stay", "confidence": 0.5, "reasons": SECRET, "insights": [], "beliefs": [], "reflection": None}
TEAM = hierarchy(Manager(), [Analyst("watcher", source="barometer", instructions=SECRET)])
POLICY = RetryPolicy(attempts=2, base_delay=0.0, max_delay=0.0)


class Barometer(Environment):
    """Two steps with one source."""

    def __init__(self) -> None:
        self.spec = EnvironmentSpec(
            id="barometer",
            task="Stay or go.",
            sources=(Source("barometer", "A source."),),
            action=Choice(("stay", "go")),
            reward={"gain": 1.0},
            max_steps=2,
        )

    def _begin(self, _: random.Random) -> Outcome:
        return Outcome(None, {"barometer": View("barometer: high")}, {})

    def _advance(self, _: str) -> Outcome:
        return Outcome(None, {"barometer": View("barometer: low")}, {"gain": 0.5})


class Collector(ThreadingHTTPServer):
    """Keeps the bodies it gets."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Be quiet."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def spans(self) -> list[Any]:
        """All spans so far, in order of their beginning."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        found = [
            s for r in requests for resource in r.resource_spans for scope in resource.scope_spans for s in scope.spans
        ]
        return sorted(found, key=lambda span: span.start_time_unix_nano)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("DOXA_TRACING", server.url)
        yield server
        server.shutdown()
        thread.join()


def attributes(span: Any) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if value.WhichOneof("value") == "array_value":
            return [plain(item) for item in value.array_value.values]
        return getattr(value, value.WhichOneof("value"))

    return {pair.key: plain(pair.value) for pair in span.attributes}


def tree(spans: list[Any], parent: bytes = b"") -> list[Any]:
    """Names, each with what is beneath it."""
    return [[s.name, *tree(spans, s.span_id)] for s in spans if s.parent_span_id == parent]


def answering(*first: Fault) -> Any:
    """Good answers to every request, after the faults given."""
    waiting = list(first)

    def answer(body: Mapping[str, Any]) -> Any:
        kind = body["response_format"]["json_schema"]["name"]
        return waiting.pop(0) if waiting else INSIGHT if kind == "Insight" else DECISION

    return answer


def trained(home: Path, server: OpenAIServer, known: str | None = None) -> Run:
    model = OpenAIModel("gpt-x", base_url=server.url, api_key=KEY, temperature=0.5)
    experiment = Experiment(Barometer(), TEAM, episodes=1, model=model, name="seen", retries=POLICY)
    return asyncio.run(train(experiment, home, run=known))


def test_a_run_is_a_tree_of_spans(collector: Collector, tmp_path: Path) -> None:
    with OpenAIServer(answering(faults.rate_limit())) as server:
        run = trained(tmp_path, server)
        port = int(server.url.rpartition(":")[2].partition("/")[0])
    agents = [["invoke_agent watcher", ["chat gpt-x"]], ["invoke_agent manager", ["chat gpt-x"]]]
    retried = [["invoke_agent watcher", ["chat gpt-x"], ["chat gpt-x"]], agents[1]]
    assert tree(collector.spans) == [
        ["invoke_workflow seen", ["episode 0", ["step 0", *retried], ["step 1", *agents]]],
    ]
    whole, episode, step, agent, failed, call, *_ = collector.spans
    assert attributes(whole) == {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "seen",
        "gen_ai.conversation.id": run.id,
        "doxa.mode": "train",
    }
    assert attributes(episode) == {"doxa.episode": 0, "doxa.mode": "train", "doxa.return": run.episodes[0].value}
    assert attributes(step) == {"doxa.episode": 0, "doxa.step": 0}
    assert attributes(agent) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "watcher",
        "doxa.episode": 0,
        "doxa.step": 0,
        "doxa.replayed": False,
    }
    asked = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.output.type": "json",
        "server.address": "127.0.0.1",
        "server.port": port,
    }
    assert attributes(failed) == asked | {"error.type": "RateLimitError"}
    assert (failed.kind, failed.status.code, failed.status.message) == (3, 2, "")
    told = attributes(call)
    assert told.pop("gen_ai.usage.input_tokens") > 50
    assert told.pop("gen_ai.usage.output_tokens") > 5
    assert told == asked | {
        "gen_ai.response.model": "gpt-x",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.cache_read.input_tokens": 0,
    }
    assert (call.kind, call.status.code) == (3, 0)
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano > 0 for span in collector.spans)


def test_neither_prompts_nor_replies_nor_keys_are_in_a_trace(collector: Collector, tmp_path: Path) -> None:
    with OpenAIServer(answering(faults.unauthorized(KEY))) as server:
        with pytest.raises(f.AuthenticationError):
            trained(tmp_path, server)
        trained(tmp_path, server, "seen-1")
    sent = b"".join(collector.bodies)
    assert b"gen_ai.request.model" in sent
    for secret in (KEY, KEY[:12], SECRET, "barometer", "Incorrect API key"):
        assert secret.encode() not in sent


def test_a_failure_is_marked_up_to_the_run_and_a_resumed_run_shows_what_was_replayed(
    collector: Collector, tmp_path: Path
) -> None:
    with OpenAIServer([INSIGHT, DECISION, faults.refusal()]) as server, pytest.raises(f.RefusalError):
        trained(tmp_path, server)
    failed = [span.name for span in collector.spans if span.status.code == 2]
    assert failed == ["invoke_workflow seen", "invoke_agent watcher", "chat gpt-x"]
    assert {attributes(s).get("error.type") for s in collector.spans if s.status.code == 2} == {"RefusalError"}
    collector.bodies.clear()
    with OpenAIServer(answering()) as server:
        trained(tmp_path, server, "seen-1")
    replayed = [["invoke_agent watcher"], ["invoke_agent manager"]]
    asked = [["invoke_agent watcher", ["chat gpt-x"]], ["invoke_agent manager", ["chat gpt-x"]]]
    assert tree(collector.spans) == [
        ["invoke_workflow seen", ["episode 0", ["step 0", *replayed], ["step 1", *asked]]],
    ]
    assert [attributes(s)["doxa.replayed"] for s in collector.spans if s.name.startswith("invoke_agent")] == [
        True,
        True,
        False,
        False,
    ]


def learning(home: Path) -> Run:
    analysts = [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")]
    team = hierarchy(Manager(), analysts, critic=ConceptualCritic())
    experiment = Experiment(Weather(days=5), team, episodes=2, model=HeuristicModel(), name="seen")
    return asyncio.run(train(experiment, home))


def test_a_trace_changes_nothing_and_there_is_none_by_default(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = learning(tmp_path / "traced")
    [whole] = tree(collector.spans)
    assert [name for name, *_ in whole[1:]] == ["episode 0", "episode 1"]
    assert whole[2][-1] == ["invoke_agent critic", ["chat heuristic"]], "the critic is beneath the episode"
    collector.bodies.clear()
    monkeypatch.delenv("DOXA_TRACING")
    assert learning(tmp_path / "untraced").digest == traced.digest
    assert collector.bodies == []


def test_a_collector_that_is_not_there_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DOXA_TRACING", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setattr("doxa.graphs.tracing.PATIENCE", 0.2)
        assert learning(tmp_path).ended


@pytest.mark.parametrize("url", ["localhost:4318", "grpc://localhost:4317", "http://"])
def test_a_setting_that_is_no_url_is_refused_before_anything_runs(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOXA_TRACING", url)
    with pytest.raises(SpecError, match="give one like http://localhost:4318"):
        learning(tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_without_the_extra_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOXA_TRACING", "http://localhost:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(MissingExtraError, match=r"doxa\[tracing\]"):
        learning(tmp_path / "home")
    assert not (tmp_path / "home").exists()
