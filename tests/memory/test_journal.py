"""The journal: idempotent, atomic, chained, and exported the same wherever it was written."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.errors import HomeError, JournalError, NondeterminismError, NotFoundError
from doxa.memory.canonical import canonical
from doxa.memory.home import Home
from doxa.memory.journal import LOCAL_KINDS, Entry, Journal

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
entries = st.builds(
    Entry,
    episode=st.integers(0, 2),
    kind=st.sampled_from(["call.result", "decision", "belief", "call.intent", "failure"]),
    key=st.text("ab0/é", min_size=1, max_size=3),
    payload=st.dictionaries(st.text(max_size=5), json_values, max_size=3),
)
distinct_entries = st.lists(entries, max_size=12, unique_by=lambda e: (e.episode, e.kind, e.key))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(Home(tmp_path / "home"), write=True) as opened:
        yield opened


def fresh(folder: str) -> Journal:
    return Journal.open(Home(Path(folder)), write=True)


@given(distinct_entries.filter(bool), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_export_and_digest_do_not_depend_on_the_order_of_arrival(batch: list[Entry], random: object) -> None:
    shuffled = list(batch)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    with TemporaryDirectory() as folder, fresh(folder) as journal:
        journal.append("one", batch)
        for entry in shuffled:
            journal.append("two", [entry])
        assert journal.digest("one") == journal.digest("two")
        assert list(journal.export("one")) == list(journal.export("two"))
        lines = [json.loads(line) for line in journal.export("one")]
        assert [(x["episode"], x["key"], x["kind"]) for x in lines] == sorted(
            (e.episode, e.key, e.kind) for e in batch if e.kind not in LOCAL_KINDS
        )
        assert all(canonical(json.loads(line)) == line for line in journal.export("one"))


@given(distinct_entries.filter(bool))
@settings(max_examples=40, deadline=None)
def test_appending_again_changes_nothing_and_the_chain_verifies(batch: list[Entry]) -> None:
    with TemporaryDirectory() as folder, fresh(folder) as journal:
        first = journal.append("run", batch)
        again = journal.append("run", list(reversed(batch)))
        assert again == tuple(reversed(first))
        assert [event.seq for event in journal.events("run")] == list(range(1, len(batch) + 1))
        assert journal.verify("run") == len(batch)
        assert [event.payload for event in first] == [json.loads(canonical(dict(e.payload))) for e in batch]


def test_another_payload_at_the_same_place_is_refused_and_says_what_differs(journal: Journal) -> None:
    journal.append("run", [Entry(1, "call.result", "003/analyst", {"request": {"digest": "aa"}, "text": "x"})])
    with pytest.raises(NondeterminismError) as caught:
        journal.append(
            "run",
            [
                Entry(1, "new", "k", {}),
                Entry(1, "call.result", "003/analyst", {"request": {"digest": "bb"}, "text": "x"}),
            ],
        )
    for part in ("run run", "episode 1", "call.result '003/analyst'", 'payload.request.digest was "aa", is now "bb"'):
        assert part in str(caught.value)
    assert journal.find("run", 1, "new", "k") is None, "a refused batch leaves nothing behind"
    assert journal.verify("run") == 1


def test_an_interrupt_just_after_a_commit_breaks_nothing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append("run", [Entry(0, "a", "1")])
    transaction = journal.database.transaction

    @contextmanager
    def interrupted() -> Iterator[sqlite3.Connection]:
        with transaction() as connection:
            yield connection
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal.database, "transaction", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.append("run", [Entry(0, "a", "2")])
    journal.append("run", [Entry(0, "a", "2"), Entry(0, "a", "3")])
    assert [event.key for event in journal.events("run")] == ["1", "2", "3"]
    assert journal.verify("run") == 3


def test_one_place_twice_in_a_batch(journal: Journal) -> None:
    one, other = journal.append("run", [Entry(0, "a", "k", {"x": 1}), Entry(0, "a", "k", {"x": 1})])
    assert one == other
    with pytest.raises(NondeterminismError):
        journal.append("run", [Entry(0, "b", "k", {"x": 1}), Entry(0, "b", "k", {"x": 2})])
    assert journal.verify("run") == 1


@pytest.mark.parametrize("payload", [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}])
def test_a_payload_that_is_not_json_is_named(journal: Journal, payload: dict[str, object]) -> None:
    with pytest.raises(JournalError, match=r"run run, episode 4, decision '007': the payload isn't JSON"):
        journal.append("run", [Entry(4, "decision", "007", payload)])


def test_the_order_of_names_is_of_no_account(journal: Journal) -> None:
    first = journal.append("run", [Entry(0, "a", "k", {"x": {"b": 1, "a": 2}, "y": 3})])
    assert journal.append("run", [Entry(0, "a", "k", {"y": 3, "x": {"a": 2, "b": 1}})]) == first


def test_half_a_surrogate_pair_survives(journal: Journal) -> None:
    journal.append("run", [Entry(0, "reply", "k", {"text": "a\ud83d"})])
    found = journal.find("run", 0, "reply", "k")
    assert found is not None
    assert found.payload["text"] == "a\ud83d"
    assert journal.text(journal.put_text("b\udc00")) == "b\udc00"
    assert journal.verify("run") == 1
    journal.digest("run")


def test_events_are_selected_by_kind_and_episode_in_order_of_arrival(journal: Journal) -> None:
    for number in range(600):  # more than two pages
        journal.append("run", [Entry(number % 3, ("a", "b")[number % 2], f"{999 - number}", {"n": number})])
    assert [event.payload["n"] for event in journal.events("run")] == list(range(600))
    assert [event.payload["n"] for event in journal.events("run", kind="b")] == list(range(1, 600, 2))
    assert [event.payload["n"] for event in journal.events("run", episode=2)] == list(range(2, 600, 3))
    assert [event.payload["n"] for event in journal.events("run", kind="a", episode=2)] == list(range(2, 600, 6))


def test_reading_while_appending_sees_every_event_once(journal: Journal) -> None:
    journal.append("run", [Entry(0, "a", f"{n}") for n in range(300)])
    seen = []
    for event in journal.events("run"):
        seen.append(event.seq)
        if event.seq == 10:
            journal.append("run", [Entry(1, "a", "late")])
    assert seen == list(range(1, 302))


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ("UPDATE events SET payload = '{\"n\":99}' WHERE run = 'run' AND seq = 3", 2),
        ("UPDATE events SET payload = '{\"n\": 2}' WHERE run = 'run' AND seq = 3", 2),  # the same JSON, other bytes
        ("UPDATE events SET key = 'z' WHERE run = 'run' AND seq = 5", 4),
        ("UPDATE events SET episode = 8 WHERE run = 'run' AND seq = 1", 0),
        ("DELETE FROM events WHERE run = 'run' AND seq = 4", 3),
        ("UPDATE events SET hash = 'f' WHERE run = 'run' AND seq = 6", 5),
        ("UPDATE events SET prev_hash = 'f' WHERE run = 'run' AND seq = 6", 5),
    ],
)
def test_tampering_is_found_where_it_was_done(journal: Journal, change: str, good: int) -> None:
    journal.append("run", [Entry(0, "a", f"{n}", {"n": n}) for n in range(8)])
    journal.append("other", [Entry(0, "a", "k")])
    with pytest.raises(JournalError, match="append-only"), journal.database.transaction() as connection:
        connection.execute(change)
    assert journal.verify("run") == 8
    with sqlite3.connect(journal.home.journal) as outside:
        outside.execute("DROP TRIGGER events_are_never_changed")
        outside.execute("DROP TRIGGER events_are_never_deleted")
        outside.execute(change)
    outside.close()
    with pytest.raises(JournalError, match=f"good up to seq {good}:"):
        journal.verify("run")
    assert journal.verify("other") == 1


def test_texts_are_kept_once_under_their_digest(journal: Journal) -> None:
    digest = journal.put_text("You are an analyst.")
    assert journal.put_text("You are an analyst.") == digest
    assert journal.text(digest) == "You are an analyst."
    journal.append("run", [Entry(0, "call.result", "k", {"messages": [digest]})])
    assert journal.database.rows("SELECT digest FROM texts") == [(digest,)]
    assert journal.text(digest) == "You are an analyst."
    with pytest.raises(JournalError, match="no text"):
        journal.text("0" * 64)
    with sqlite3.connect(journal.home.journal) as outside:
        outside.execute("UPDATE texts SET text = 'You are a fraud.'")
    outside.close()
    with pytest.raises(JournalError, match="has been changed"):
        journal.text(digest)


def test_a_text_that_no_event_followed_is_there_after_closing(tmp_path: Path) -> None:
    with fresh(str(tmp_path)) as journal:
        digest = journal.put_text("x")
    with Journal.open(Home(tmp_path), write=False) as reader:
        assert reader.text(digest) == "x"


def test_times_stay_beside_the_journal(journal: Journal) -> None:
    journal.append("one", [Entry(0, "call.result", "k", {"x": 1})], latency=1.5, attempts=2)
    journal.append("two", [Entry(0, "call.result", "k", {"x": 1})])
    (one,), (two,) = journal.times("one"), journal.times("two")
    assert (one.seq, one.latency, one.attempts) == (1, 1.5, 2)
    assert (two.latency, two.attempts) == (None, None)
    assert two.at >= one.at > 1.7e9
    assert journal.digest("one") == journal.digest("two")


def test_runs_are_numbered_by_name(journal: Journal) -> None:
    assert [journal.begin("hello"), journal.begin("hello"), journal.begin("hello-1"), journal.begin("a")] == [
        "hello-1",
        "hello-2",
        "hello-1-1",
        "a-1",
    ]
    journal.append("hello-9", [Entry(0, "a", "k")])
    assert journal.begin("hello") == "hello-10"
    assert journal.runs() == ("hello-1", "hello-2", "hello-1-1", "a-1", "hello-9", "hello-10")
    with pytest.raises(HomeError, match=r"e\.g\. 'my-run'"):
        journal.begin("My run!")


def test_an_unknown_run_is_refused_with_the_ones_there_are(journal: Journal) -> None:
    journal.begin("hello")
    for read in (journal.events, journal.times, journal.digest, journal.verify, journal.require):
        with pytest.raises(NotFoundError, match="choose from hello-1"):
            list(read("helo-1"))  # type: ignore[call-overload]


def test_a_child_sees_its_parent_as_it_was(journal: Journal) -> None:
    grandparent, parent, child = journal.begin("run"), journal.begin("run"), journal.begin("run")
    journal.append(grandparent, [Entry(0, "a", "1"), Entry(0, "a", "2")])
    journal.link(parent, grandparent)
    journal.append(parent, [Entry(0, "a", "1")])
    journal.link(child, parent)
    journal.append(parent, [Entry(0, "a", "2")])
    journal.link(child, parent)
    assert [(a.run, a.seq) for a in journal.ancestors(child)] == [("run-1", 2), ("run-2", 1)]
    assert journal.ancestors(grandparent) == ()
    with pytest.raises(NondeterminismError, match="started from run-2"):
        journal.link(child, grandparent)
    with pytest.raises(NondeterminismError, match="can't start from run-3"):
        journal.link(grandparent, child)
    with pytest.raises(NotFoundError):
        journal.begin("run", parent="nobody-1")


def test_a_reader_answers_what_is_recorded_and_writes_nothing(tmp_path: Path) -> None:
    with fresh(str(tmp_path)) as writer:
        (event,) = writer.append("run", [Entry(0, "a", "k", {"x": 1})])
        with Journal.open(Home(tmp_path), write=False) as reader:
            assert reader.append("run", [Entry(0, "a", "k", {"x": 1})]) == (event,)
            with pytest.raises(JournalError, match=r"run run, episode 0, a 'new' isn't recorded"):
                reader.append("run", [Entry(0, "a", "new")])
            writer.append("run", [Entry(0, "b", "k")])
            assert [e.kind for e in reader.events("run")] == ["a", "b"]


CRASH = """
import sys
from pathlib import Path
from doxa.memory.home import Home
from doxa.memory.journal import Entry, Journal
with Journal.open(Home(Path(sys.argv[1])), write=True) as journal:
    n = 0
    while True:
        text = journal.put_text(f"text {n}")
        journal.append("run", [Entry(0, "a", f"{n:06d}", {"text": text}), Entry(0, "b", f"{n:06d}", {"n": n})])
        n += 1
        if n % 20 == 0:
            print(n, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 2, 7])
def test_a_kill_leaves_a_prefix(tmp_path: Path, lines: int) -> None:
    with subprocess.Popen([sys.executable, "-c", CRASH, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(lines):
            acknowledged = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    with fresh(str(tmp_path)) as journal:
        events = list(journal.events("run"))
        assert journal.verify("run") == len(events) >= 2 * acknowledged
        assert len(events) % 2 == 0, "a batch is there as a whole or not at all"
        assert [event.key for event in events[::2]] == [f"{n:06d}" for n in range(len(events) // 2)]
        assert journal.text(events[-2].payload["text"]) == f"text {len(events) // 2 - 1}"
        (event,) = journal.append("run", [Entry(0, "b", "000000", {"n": 0})])
        assert event.seq == 2
        journal.append("run", [Entry(1, "a", "k")])
        journal.verify("run")


EXPORT = """
import os, sys, locale
from pathlib import Path
from doxa.memory.home import Home
from doxa.memory.journal import Entry, Journal
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
with Journal.open(Home(Path(sys.argv[1])), write=True) as journal:
    for key in {"ä", "Z", "a", "é/1", "_"}:
        payload = {name: [name, 0.1] for name in {"ü", "x", "Y", "z", "aa", "b", "É", "0"}}
        journal.append("run", [Entry(0, "a", key, payload)])
    print(journal.digest("run"))
"""


def test_the_digest_is_the_same_in_every_process(tmp_path: Path) -> None:
    digests = set()
    for number, (seed, zone, language) in enumerate(
        [("0", "UTC", "C"), ("1", "Asia/Tokyo", "de_DE.UTF-8"), ("77", "America/New_York", "tr_TR.UTF-8")]
    ):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}
        done = subprocess.run(
            [sys.executable, "-c", EXPORT, str(tmp_path / str(number))],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1
