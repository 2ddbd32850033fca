"""What was written before the record had all its fields still reads: files, and journals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from doxa.errors import BeliefError
from doxa.memory import BeliefMemory, Entry, Home, Journal, Status
from doxa.memory.interchange import exported, parsed
from doxa.memory.migrations import upgraded, upgraded_event

# both by hand, as version 1 wrote them
BELIEF: dict[str, Any] = {
    "id": "b-517fcda0a2",
    "concept": "momentum",
    "statement": "Follow 21-day momentum.",
    "aspect": "prices.momentum_21",
    "polarity": "for",
    "scope": {"when": [{"fact": "asset", "op": "==", "value": "AAPL"}], "sentence": "for Apple"},
    "audience": ["chartist"],
    "credence": {"alpha": 7.0, "beta": 3.0},
    "evidence": [{"episode": 1, "steps": [3], "note": "it won"}],
    "author": "critic",
    "known_at": "2020-05-01T00:00:00Z",
    "status": "active",
    "pinned": False,
    "tainted": False,
    "supersedes": [],
    "contradicts": [],
}
PROPOSAL = {
    "kind": "expansion",
    **{name: BELIEF[name] for name in ("concept", "statement", "aspect", "polarity", "scope", "audience")},
    "reason": "it won",
    "support": 6,
    "against": 2,
    "steps": [{"episode": 1, "step": 3}],
}
EVENT: dict[str, Any] = {
    "op": "expansion",
    "reason": "nothing in force says this",
    "belief": BELIEF["id"],
    "proposal": PROPOSAL,
    "added": BELIEF,
    "updates": [],
    "restored": [],
    "author": "critic",
    "known_at": "2020-05-01T00:00:00Z",
    "tainted": False,
    "generation": "hashing-char3to5-v1-512",
}
GONE: dict[str, Any] = {
    **EVENT,
    "op": "contraction",
    "proposal": {"kind": "contraction", "reason": "no more", "belief": BELIEF["id"]},
    "added": None,
    "updates": [
        {
            "belief": BELIEF["id"],
            "status": "retired",
            "good": 0.0,
            "bad": 0.0,
            "evidence": [],
            "known_at": None,
            "tainted": False,
            "supersedes": [],
            "contradicts": [],
            "pinned": None,
            "audience": None,
        }
    ],
}


def test_a_file_of_version_1_reads_and_is_written_as_version_2() -> None:
    evidence = [{"run": "old-1", **e} for e in BELIEF["evidence"]]
    lines = ['{"format":"doxa-beliefs","version":1}', json.dumps({**BELIEF, "evidence": evidence})]
    (belief,) = parsed(lines)
    assert (belief.id, belief.kind, belief.valid_from, belief.examples.fire) == (BELIEF["id"], "belief", None, ())
    assert belief.evidence[0].difference is None
    again = list(exported([belief]))
    assert '"version":2' in again[0]
    assert parsed(again) == (belief,)


def test_a_journal_of_version_1_loads(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal:
        run = journal.begin("old")
        entries = [Entry(1, "belief", "k.000", EVENT), Entry(4, "belief", "k.000", GONE)]
        journal.append(run, entries)
        with BeliefMemory(journal, run) as memory:
            (before,), (belief,) = memory.as_of(2), memory.beliefs()
            assert (before.status, before.recorded, before.retracted) == (Status.ACTIVE, 1, None)
            assert (before.generation, before.evidence[0].run) == ("hashing-char3to5-v1-512", run)
            assert (belief.status, belief.recorded, belief.retracted) == (Status.RETIRED, 1, 4)
            assert belief.known_at == datetime(2020, 5, 1, tzinfo=UTC)
            assert [e.op for e in memory.history(belief.id)] == ["expansion", "contraction"]


def test_a_version_from_the_future_is_refused() -> None:
    with pytest.raises(BeliefError, match="version 3 of beliefs; this doxa reads versions 1 to 2: upgrade"):
        upgraded(BELIEF, 3)
    with pytest.raises(BeliefError, match="version '2'"):
        upgraded_event({**EVENT, "version": "2"}, 0)
