"""Keys are in nothing that is recorded, written or shown, whoever repeats them."""

from __future__ import annotations

import asyncio
import base64
import gzip
import html
import json
import logging
import re
import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doxa import Analyst, Experiment, Manager, OpenAIModel, hierarchy, train
from doxa.environments import Weather
from doxa.errors import DoxaError, ModelSetupError
from doxa.leaks import RedactedRecord
from doxa.memory import Entry, Home, Journal
from doxa.memory.archive import write
from doxa.models.keys import find_key
from doxa.redaction import HIDDEN, Redaction, redacted
from doxa.testing import OpenAIServer, faults

LETTERS = st.text(string.ascii_letters + string.digits + "-_", min_size=20, max_size=60)
SPEC = """
import os

def broken():
    raise RuntimeError("the key is " + os.environ["SOME_API_KEY"])
"""


def keyed(text: str) -> str:
    """A key that is no number and has no dash at an end, which would be part of a word elsewhere."""
    return f"Ab1{text}"


@given(key=LETTERS.map(keyed), around=st.text(max_size=40))
def test_a_key_of_the_environment_is_in_no_text(key: str, around: str) -> None:
    hide = Redaction.of([key])
    assert key not in hide(f"{around}{key}{around}{json.dumps(key)}")
    assert hide(around) == around or any(mark in around for mark in ("sk-", "://", "earer "))


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop1234",
        "sk-ant-api03-abcdefghij_klmnop",
        "AKIAABCDEFGHIJKLMNOP",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "hf_abcdefghijklmnopqrstuvwxyzABCDEF",
        "AIza" + "x" * 35,
        "xoxb-123456789012-abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWl0",
    ],
)
def test_what_looks_like_a_key_is_hidden_wherever_it_came_from(secret: str) -> None:
    assert redacted(f"it said {secret}.") in (f"it said {HIDDEN}.", f"it said {HIDDEN}")
    assert secret not in redacted(f'{{"Authorization": "Bearer {secret}"}}')


def test_a_password_in_an_address_is_hidden_and_the_address_stays() -> None:
    assert redacted("postgresql://me:pass@host/db failed") == f"postgresql://{HIDDEN}@host/db failed"
    assert redacted("https://example.org/a:b@c") == "https://example.org/a:b@c"


@pytest.mark.parametrize("value", ["buy", "12345678901234567890", "password", "/etc/ssl/private.key", "1.5"])
def test_values_that_stand_in_ordinary_texts_are_not_taken_for_keys(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", value)
    assert redacted(f"they said {value} and {value}") == f"they said {value} and {value}"


SECRET = "Zq7+/x9!pA&<b>'s\\t\"Ue=="


@pytest.mark.parametrize(
    "told",
    [
        json.dumps(json.dumps({"key": SECRET})),
        json.dumps({"é": f"é{SECRET}"}, ensure_ascii=False),
        repr(f"{SECRET}"),
        repr(SECRET.encode()),
        html.escape(SECRET),
        quote(SECRET),
        quote_plus(SECRET),
        re.sub("%..", lambda found: found[0].lower(), quote(SECRET, safe="")),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(b"m:" + SECRET.encode()).decode(),
        f"Basic {base64.b64encode(b'me:' + SECRET.encode() + b';').decode()}",
    ],
)
def test_a_key_is_hidden_however_it_is_written(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", SECRET)
    assert HIDDEN in redacted(told)
    assert len(redacted(told)) < len(HIDDEN) + 24


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_PASS", "hunter2-Aa99"),
        ("SOME_PASSPHRASE", "correct horse"),
        ("SOME_CREDENTIALS", "abcd-1234-efgh"),
        ("SOME_API_KEY", "/Ab3dEf9GhIjK0lmNop+qr"),
        ("SOME_ADDRESS", "postgres://me:p4ss/w@rd:x@db/base"),
    ],
)
def test_more_of_the_environment_is_secret(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    secret = "p4ss/w@rd:x" if "://" in value else value
    assert secret not in redacted(f"it said {value}")


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ("postgres://me:p@ss0rd@db/base", f"postgres://{HIDDEN}@db/base"),
        ("https://onetoken4all567890@host/x", f"https://{HIDDEN}@host/x"),
        ("GET https://h/p?n=1&api_key=abcDEF123456&z=1", f"GET https://h/p?n=1&api_key={HIDDEN}&z=1"),
        ("{'x-api-key': 'abcDEF123456'}", f"{{'x-api-key': '{HIDDEN}'}}"),
        ("Authorization: Basic bWU6c2VjcmV0", f"Authorization: Basic {HIDDEN}"),
        ("basic materials; the key=value pairs; api-key: yes", "basic materials; the key=value pairs; api-key: yes"),
    ],
)
def test_what_its_name_says_to_be_a_key_is_hidden(told: str, left: str) -> None:
    assert redacted(told) == left


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----" + "a" * 20,
        'api_key=\\" ab12cd34ef',
        "sk-" + "a" * 20 + '\\"',
        "://a:b@",
        "://a:\\@",
    ],
)
def test_hiding_leaves_json_readable(text: str) -> None:
    told = {"text": text, "api_key": 12345678, "x-api-key": 1.5e300, "reward": [1.0, None]}
    read = json.loads(redacted(json.dumps(told)))
    assert {k: v for k, v in read.items() if k != "text"} == {k: v for k, v in told.items() if k != "text"}


@pytest.mark.parametrize(
    "part", [":", "a:", "a@", "eyJaaaaaaaaaaa-", "eyJaaaaaaaaaaa.", "?key=", "?a", "api_key=", "-----BEGIN A", "earer "]
)
def test_no_text_makes_hiding_slow(part: str) -> None:
    """A pattern that is quadratic here takes minutes."""
    text = "://" + part * (400_000 // len(part))
    assert len(redacted(text)) >= len(text) // 100


def everything(folder: Path) -> bytes:
    held = (path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    return b"\0".join(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content for content in held)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=LETTERS.map(keyed), other=LETTERS.map(keyed), refuses=st.booleans())
def test_a_key_that_a_server_repeats_is_in_no_file_and_no_message(
    key: str, other: str, *, refuses: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", key)
        patch.setenv("OTHER_ACCESS_TOKEN", other)
        said = f"{key} and {other} and Bearer {key}"
        answer = faults.refused("400", 400, said) if refuses else {"action": "plan", "confidence": 0.5, "note": said}
        with OpenAIServer(answer) as server:
            patch.setenv("OPENAI_BASE_URL", server.url)
            team = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])
            models: dict[str, Any] = {"*": "heuristic", "manager": OpenAIModel("any")}
            try:
                run = asyncio.run(train(Experiment(Weather(days=4), team, episodes=1, model=models), home))
                shown = repr(run)
            except DoxaError as error:
                shown = f"{error} {error!r} {error.__cause__!r}"
            assert server.requests, shown
            assert server.requests[0].headers["Authorization"] == f"Bearer {key}"
    with Journal.open(Home(home), write=False) as journal:
        [run_id] = journal.runs()
        shown += "\n".join(journal.export(run_id))
        write(journal, run_id, home / "archive")
    files = everything(home)
    for secret in (key, other):
        assert secret not in shown
        assert secret.encode() not in files
    assert HIDDEN.encode() in files


def test_the_journal_hides_what_reaches_it_on_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_API_KEY", "Xy7-very-secret-value")
    with Journal.open(Home(tmp_path), write=True) as journal:
        run = journal.begin("told")
        digest = journal.put_text("news: Xy7-very-secret-value")
        [event] = journal.append(run, [Entry(0, "seen", "", {"text": "Xy7-very-secret-value", "digest": digest})])
        assert event.payload["text"] == HIDDEN
        assert journal.text(digest) == f"news: {HIDDEN}"
        again = journal.append(run, [Entry(0, "seen", "", {"text": "Xy7-very-secret-value", "digest": digest})])
        assert again == (event,)  # replaying it is the same event
        assert journal.verify(run) == 1


def test_a_traceback_and_a_message_hide_it(
    doxa: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "Xy7-very-secret-value")
    done = doxa("train", "spec.py:broken", "--home", str(tmp_path / "home"))
    assert done.code == 2
    assert HIDDEN in done.err
    assert "Xy7-very-secret-value" not in done.out + done.err
    code = (
        "import os, sys; from doxa.leaks import show_traceback; sys.excepthook = show_traceback;"
        "raise RuntimeError(os.environ['SOME_API_KEY'])"
    )
    raised = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert raised.returncode == 1
    assert f"RuntimeError: {HIDDEN}" in raised.stderr
    assert "Xy7-very-secret-value" not in raised.stderr


def test_logs_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "Xy7-very-secret-value")
    error = RuntimeError("Xy7-very-secret-value")
    raised = (RuntimeError, error, None)
    record = RedactedRecord("any", logging.ERROR, "", 1, "sent %s", ("Xy7-very-secret-value",), raised)
    told = logging.Formatter("%(message)s").format(record)
    assert told == f"sent {HIDDEN}\nRuntimeError: {HIDDEN}"


class Ring:
    """A keyring as a program has one, but for its prompt."""

    def __init__(self, **held: str) -> None:
        self.held = held

    def __call__(self, service: str, name: str) -> str | None:
        return self.held.get(f"{service}_{name}")


def test_a_key_comes_from_the_environment_first_then_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring", reason="the extra 'keyring' isn't installed")
    monkeypatch.setattr(keyring, "get_password", Ring(doxa_ONE_API_KEY="Xy7-from-the-ring"))
    monkeypatch.delenv("ONE_API_KEY", raising=False)
    found = find_key("ONE_API_KEY")
    assert found is not None
    assert (found.value, found.origin) == ("Xy7-from-the-ring", "the keyring, as doxa ONE_API_KEY")
    assert "Xy7" not in repr(found)
    monkeypatch.setenv("ONE_API_KEY", "Xy7-from-outside")
    found = find_key("ONE_API_KEY")
    assert found is not None
    assert (found.value, found.origin) == ("Xy7-from-outside", "the environment variable ONE_API_KEY")
    assert find_key("TWO_API_KEY") is None


def test_a_keyring_that_is_locked_is_no_missing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring", reason="the extra 'keyring' isn't installed")

    def locked(service: str, name: str) -> None:
        raise keyring.errors.KeyringLocked(f"{service} {name}")

    monkeypatch.setattr(keyring, "get_password", locked)
    with pytest.raises(ModelSetupError, match=r"keyring can't be read for ONE_API_KEY .*unlock it"):
        find_key("ONE_API_KEY")
