"""Speech to text against a server on loopback that speaks OpenAI's protocol for it."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import Any

import pytest

from doxa.errors import ModelSetupError
from doxa.models import CallError, Recording, RetryPolicy, Transcript, transcribe
from doxa.models.failures import AuthenticationError, BudgetExceededError, MalformedReplyError, ServerError
from doxa.testing import OpenAIServer, faults

SOON = RetryPolicy(attempts=2, base_delay=0.0, max_delay=0.0)

pytestmark = pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")  # aiohttp's own, on some boundaries


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """A second of silence."""
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return path


def heard(path: Path, server: OpenAIServer, **settings: Any) -> Transcript:
    return asyncio.run(transcribe(path, "openai/whisper-1", base_url=server.url, policy=SOON, **settings))


def test_a_recording_is_sent_whole_and_comes_back_as_text(call: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    with OpenAIServer(" Good morning, and welcome. ") as server:
        transcript = heard(call, server)
    assert transcript == Transcript("Good morning, and welcome.", "openai/whisper-1", None)
    (request,) = server.requests
    assert request.path == "/v1/audio/transcriptions"
    assert request.body["file"] == call.read_bytes()
    assert request.body["model"] == "whisper-1"
    assert "sk-of-the-environment" not in str(request.headers)


def test_a_recording_knows_how_long_it_is_and_what_it_holds(call: Path, tmp_path: Path) -> None:
    recording = Recording.read(call)
    copy = tmp_path / "copy.WAV"
    copy.write_bytes(call.read_bytes())
    assert recording.seconds == 1.0
    assert Recording.read(copy).digest == recording.digest


def test_what_passes_is_tried_again(call: Path) -> None:
    with OpenAIServer([faults.server_error(), "Welcome."]) as server:
        assert heard(call, server).text == "Welcome."
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (faults.server_error(), ServerError),
        (faults.unauthorized("sk-secret-key"), AuthenticationError),
        (" ", MalformedReplyError),
    ],
)
def test_failures_are_typed(call: Path, answer: Any, kind: type[CallError]) -> None:
    with OpenAIServer(answer) as server, pytest.raises(kind) as caught:
        heard(call, server)
    assert "sk-secret-key" not in str(caught.value)


def test_what_cannot_be_heard_is_refused_before_anything_is_sent(call: Path, tmp_path: Path) -> None:
    text, empty, fake = tmp_path / "call.aiff", tmp_path / "empty.mp3", tmp_path / "fake.wav"
    text.write_bytes(b"x")
    empty.touch()
    fake.write_bytes(b"not a sound")
    with pytest.raises(ModelSetupError, match="type 'aiff' isn't taken"):
        Recording.read(text)
    with pytest.raises(ModelSetupError, match="0 bytes; a recording has 1 to 25,000,000"):
        Recording.read(empty)
    with pytest.raises(ModelSetupError, match=r"16,044 bytes; .* 1 to 100\."):
        Recording.read(call, largest=100)
    with pytest.raises(ModelSetupError, match="no WAV file"):
        Recording.read(fake)
    with pytest.raises(ModelSetupError, match="can't be read"):
        Recording.read(tmp_path / "missing.mp3")
    with pytest.raises(ModelSetupError, match="no provider for 'whisper'"):
        asyncio.run(transcribe(call, "whisper", base_url="http://127.0.0.1:1/v1"))
    with pytest.raises(ModelSetupError, match="is no URL"):
        asyncio.run(transcribe(call, "openai/whisper-1", base_url="localhost"))


def test_a_budget_is_kept(call: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second costs 0.0001 dollars; a local server's price isn't known."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with pytest.raises(BudgetExceededError):
        asyncio.run(transcribe(call, "openai/whisper-1", max_usd=0.00005))
    with OpenAIServer("Welcome.") as server, pytest.raises(ModelSetupError, match="needs the price"):
        heard(call, server, max_usd=1.0)
    assert server.requests == []
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelSetupError, match="set the environment variable OPENAI_API_KEY"):
        asyncio.run(transcribe(call, "openai/whisper-1"))
