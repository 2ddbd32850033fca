"""Beliefs are found by what they say, by their own facts, and never before they were known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from doxa.memory import BeliefMemory, Expansion, Home, Journal, Predicate, Revision, StepRef
from doxa.memory.operations import Operation


def lesson(statement: str, aspect: str, old: str | None = None) -> Operation:
    said = {
        "concept": "c",
        "statement": statement,
        "aspect": aspect,
        "polarity": "for",
        "steps": (StepRef(episode=0, step=0),),
        "reason": "because",
    }
    return Revision.model_validate({**said, "belief": old}) if old else Expansion.model_validate(said)


def test_beliefs_are_found_by_words_facts_and_time(tmp_path: Path) -> None:
    with (
        Journal.open(Home(tmp_path / "home"), write=True) as journal,
        BeliefMemory(journal, journal.begin("run")) as memory,
    ):

        def learn(episode: int, month: int, *lessons: Operation) -> list[str | None]:
            known = datetime(2024, month, 1, tzinfo=UTC)
            told = {"key": "critic", "author": "critic", "known_at": known, "resolves": lambda *_: True}
            return [r.belief for r in memory.revise(episode, lessons, **told)]  # type: ignore[arg-type]

        (momentum, tone) = learn(
            0, 1, lesson("Follow momentum for a month.", "prices.momentum_21"), lesson("Trust the tone.", "news")
        )
        assert momentum
        (replaced,) = learn(1, 3, lesson("Leave a rise after a week.", "prices.momentum_21", momentum))

        def found(text: str, *where: Predicate, month: int | None = None) -> list[str]:
            as_of = None if month is None else datetime(2024, month, 1, tzinfo=UTC)
            return [hit.id for hit in memory.search(text, where=where, as_of=as_of)]

        assert found("follow momentum") == [replaced, momentum, tone]
        assert found("follow momentum", month=2) == [momentum, tone], "as it stood then"
        assert [hit.id for hit in memory.search("follow momentum", as_of=1)] == [momentum, tone]
        assert found("momentum", Predicate(fact="status", op="==", value="active"), month=2)[0] == momentum
        assert memory.search("follow momentum")[1].superseded_by == (replaced,)
        assert found("momentum", Predicate(fact="source", op="==", value="news")) == [tone]
        assert found("momentum", Predicate(fact="status", op="==", value="superseded")) == [momentum]
        assert found("momentum", Predicate(fact="credence", op=">", value=0.99)) == []
