"""The gateway in memory: the log, the repair turn, failures, fallbacks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from doxa.errors import ModelSetupError, NondeterminismError
from doxa.models import Gateway, MemoryLog, Message, Place, Reply, Request, RetryPolicy, ScriptedModel, Settings
from doxa.models.failures import (
    AuthenticationError,
    ConnectionFailedError,
    OutputError,
    RateLimitError,
    RefusalError,
    ServerError,
)

HERE = Place(0, 3, 1, "news")


class Stance(BaseModel):
    side: Literal["up", "down"]
    confidence: float = Field(ge=0, le=1)


GOOD = '{"side": "up", "confidence": 0.5}'
UNFIT = '{"side": "sideways", "confidence": 2}'


def question(text: str = "what now?", agent: str = "news", **settings: Any) -> Request[Stance]:
    return Request(agent, (Message("system", "You read news."), Message("user", text)), Stance, Settings(**settings))


def quick(**changes: Any) -> RetryPolicy:
    return replace(RetryPolicy(base_delay=0.0, max_delay=0.0), **changes)


def asked(gateway: Gateway, request: Request[Stance] | None = None, place: Place = HERE) -> Any:
    return asyncio.run(gateway.ask(request or question(), place))


def test_an_answer_is_logged_and_then_comes_from_the_log() -> None:
    model, log = ScriptedModel([GOOD]), MemoryLog()
    first = asked(Gateway(model, log=log))
    again = asked(Gateway(model, log=log))
    assert first.value == again.value == Stance(side="up", confidence=0.5)
    assert (first.replayed, again.replayed) == (False, True)
    assert len(model.requests) == 1
    assert log.unanswered == ()


def test_another_request_at_a_recorded_place_is_refused_and_not_sent() -> None:
    model, log = ScriptedModel([GOOD, GOOD]), MemoryLog()
    asked(Gateway(model, log=log))
    with pytest.raises(NondeterminismError, match="asked something else"):
        asked(Gateway(model, log=log), question("what then?"))
    assert len(model.requests) == 1


def test_an_unfit_reply_is_repaired_once_and_the_repair_replays() -> None:
    model, log = ScriptedModel([UNFIT, GOOD]), MemoryLog()
    answer = asked(Gateway(model, log=log))
    assert answer.value.side == "up"
    assert [reply.text for reply in answer.replies] == [UNFIT, GOOD]
    reply, complaint = model.requests[1].messages[-2:]
    assert (reply.role, reply.text) == ("assistant", UNFIT)
    assert complaint.role == "user"
    assert "side: literal error (expected 'up' or 'down')" in complaint.text
    assert "confidence: less than equal (le 1.0)" in complaint.text
    assert model.requests[1].messages[:2] == model.requests[0].messages
    assert asked(Gateway(model, log=log)).replies == answer.replies
    assert len(model.requests) == 2


def test_two_unfit_replies_are_a_failure_and_a_resumed_run_asks_anew() -> None:
    model, log = ScriptedModel([UNFIT, "no", GOOD]), MemoryLog()
    with pytest.raises(OutputError, match=r"agent 'news', episode 0, step 3.*isn't JSON.*Resume the run") as caught:
        asked(Gateway(model, log=log))
    assert caught.value.place == replace(HERE, turn=1)
    assert len(model.requests) == 2
    resumed = asked(Gateway(model, log=log))
    assert resumed.value.side == "up"
    assert [reply.text for reply in resumed.replies] == [UNFIT, "no", GOOD]
    assert len(model.requests) == 3
    replayed = asked(Gateway(model, log=log))
    assert (replayed.value, replayed.replayed) == (resumed.value, True)
    assert len(model.requests) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"side": "up", "confidence": 0.5, "note": 1}', "note: extra forbidden"),
        ('{"side": "up", "side": "down", "confidence": 0.5}', "the key 'side' is there twice"),
        ('{"side": "up", "confidence": NaN}', "NaN isn't a finite number"),
        ('{"side": "up", "confidence": -Infinity}', "-Infinity isn't a finite number"),
        ('{"side": "up", "confidence": 1e999}', "1e999 isn't a finite number"),
        ('{"side": "up", "confidence": ' + "9" * 5000 + "}", "too many digits"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "the whole reply"),
        ('{"side": "up"}', "confidence: missing"),
        (GOOD + " and so on", "isn't JSON"),
        (" " * 200_001, "at most 200000"),
    ],
)
def test_what_pydantic_would_let_pass_is_refused_too(text: str, problem: str) -> None:
    model = ScriptedModel([text, GOOD])
    assert asked(Gateway(model)).value.side == "up"
    assert problem in model.requests[1].messages[-1].text
    assert len(model.requests[1].messages[-2].text) < 5_000


@pytest.mark.parametrize("text", [f"```json\n{GOOD}\n```", f"```\n{GOOD}\n```\n", f"\n {GOOD} \n"])
def test_a_fence_around_the_reply_costs_no_repair(text: str) -> None:
    model = ScriptedModel([text])
    assert asked(Gateway(model)).value.side == "up"
    assert len(model.requests) == 1


def test_a_passing_failure_is_asked_again_and_counted() -> None:
    attempts = []

    class Counting(MemoryLog):
        def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:
            counted.append(attempts)
            super().settle(place, digest, reply, attempts=attempts)

    counted = attempts
    model = ScriptedModel([ServerError("502"), RateLimitError("429", retry_after=0.0), GOOD])
    assert asked(Gateway(model, log=Counting(), policy=quick())).value.side == "up"
    assert attempts == [3]


def test_a_lasting_failure_leaves_no_result_and_a_resumed_run_asks_again() -> None:
    model, log = ScriptedModel([ServerError("502")] * 3 + [GOOD]), MemoryLog()
    with pytest.raises(ServerError, match="agent 'news', episode 0, step 3, attempt 3, model scripted: 502") as caught:
        asked(Gateway(model, log=log, policy=quick(attempts=3)))
    assert caught.value.attempt == len(model.requests) == 3
    assert log.unanswered == (HERE,)
    assert asked(Gateway(model, log=log, policy=quick())).value.side == "up"
    assert log.unanswered == ()


@pytest.mark.parametrize("failure", [AuthenticationError("401"), RefusalError("no")])
def test_what_asking_again_cannot_mend_is_asked_once(failure: Exception) -> None:
    model = ScriptedModel([failure, GOOD])
    with pytest.raises(type(failure)):
        asked(Gateway(model, policy=quick()))
    assert len(model.requests) == 1


def test_a_refusal_fails_over_to_the_next_model_and_its_answer_is_logged_for_the_first() -> None:
    first, second = ScriptedModel([RefusalError("no")]), ScriptedModel([GOOD], name="other")
    log = MemoryLog()
    assert asked(Gateway(first, log=log, fallbacks=[second])).replies[0].model == "other"
    assert asked(Gateway(first, log=log)).replayed
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_a_set_up_mistake_does_not_fail_over() -> None:
    first, second = ScriptedModel([AuthenticationError("401")]), ScriptedModel([GOOD], name="other")
    with pytest.raises(AuthenticationError):
        asked(Gateway(first, fallbacks=[second]))
    assert second.requests == []


def test_the_last_model_s_failure_is_the_call_s() -> None:
    first, second = (
        ScriptedModel([RefusalError("no")]),
        ScriptedModel([ConnectionFailedError("gone")] * 9, name="other"),
    )
    with pytest.raises(ConnectionFailedError, match="attempt 4, model other"):
        asked(Gateway(first, fallbacks=[second], policy=quick(attempts=3)))


def test_an_error_that_is_no_model_failure_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        asked(Gateway(ScriptedModel([ZeroDivisionError()])))


def test_each_agent_has_its_model_and_one_without_is_named() -> None:
    gateway = Gateway({"news": ScriptedModel([GOOD], name="a"), "*": ScriptedModel([GOOD], name="b")})
    assert asked(gateway).replies[0].model == "a"
    assert asked(gateway, question(agent="prices")).replies[0].model == "b"
    with pytest.raises(ModelSetupError, match=r"agent 'nwes' has no model: choose from news \(did you mean 'news'"):
        asked(Gateway({"news": ScriptedModel([])}), question(agent="nwes"))


def test_a_script_that_runs_out_or_has_no_part_says_so() -> None:
    with pytest.raises(ModelSetupError, match="no answer left for question 1 of agent 'news'"):
        asked(Gateway(ScriptedModel({"news": []})))
    with pytest.raises(ModelSetupError, match="no part for agent 'news': choose from prices"):
        asked(Gateway(ScriptedModel({"prices": []})))


def test_a_script_may_be_a_function_a_coroutine_a_value_or_a_mapping() -> None:
    async def later(request: Request[Any]) -> Stance:
        await asyncio.sleep(0)
        return Stance(side="down", confidence=len(request.messages) / 4)

    assert asked(Gateway(ScriptedModel(later))).value == Stance(side="down", confidence=0.5)
    assert asked(Gateway(ScriptedModel(lambda _: {"side": "up", "confidence": 1}))).value.confidence == 1
    assert asked(Gateway(ScriptedModel([Reply(GOOD, model="x")]))).replies[0].model == "x"


texts = st.text(max_size=20)
requests = st.builds(
    lambda text, system, temperature, seed: Request(
        "news", (Message("system", system), Message("user", text)), Stance, Settings(temperature, None, seed)
    ),
    texts,
    texts,
    st.none() | st.floats(0, 2),
    st.none() | st.integers(0, 9),
)


@given(requests, requests, texts, texts)
def test_digests_are_equal_if_and_only_if_requests_are(a: Request[Stance], b: Request[Stance], m: str, n: str) -> None:
    assert (a.digest(m) == b.digest(n)) == ((a.messages, a.settings, m) == (b.messages, b.settings, n))


@given(st.lists(st.sampled_from([GOOD, UNFIT, "no"]), min_size=2, max_size=2), requests)
def test_replaying_any_call_sends_nothing_and_ends_alike(script: list[str], request: Request[Stance]) -> None:
    model, log = ScriptedModel(script), MemoryLog()
    try:
        first = asked(Gateway(model, log=log), request)
    except OutputError:
        return
    sent = len(model.requests)
    again = asked(Gateway(model, log=log), request)
    assert (again.value, again.replies, again.replayed) == (first.value, first.replies, True)
    assert len(model.requests) == sent
