"""Questions about a dialogue are read in parts, and names and months become cues that facts answer."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from doxa.memory import DialogueReader, HashingEmbedder, Library, Predicate, Reading, Retriever, Weights, spoken
from doxa.memory.dialogue import in_context
from doxa.memory.readings import interleaved

READ = DialogueReader(("Maya", "Tom"))
MAYA = Predicate(fact="speaker", op="==", value="Maya")
TOM = Predicate(fact="speaker", op="==", value="Tom")
MARCH = Predicate(fact="month", op="in", value=("March",))


@pytest.mark.parametrize(
    ("question", "readings"),
    [
        ("Where does Maya live?", [Reading("Where does I live?", (MAYA,))]),
        ("What is Tom's job?", [Reading("What is my job?", (TOM,))]),
        ("Back in March: which pet did Tom adopt?", [Reading("which pet did I adopt?", (TOM, MARCH))]),
        ("What rained in March 2023?", [Reading("What rained?", (MARCH,))]),
        (
            "Which sport do Maya and Tom do?",
            [Reading("Which sport do I do?", (MAYA,)), Reading("Which sport do I do?", (TOM,))],
        ),
        (
            "What does Maya eat, and what does Tom drink?",
            [Reading("What does I eat", (MAYA,)), Reading("what does I drink?", (TOM,))],
        ),
        ("Who is Tomas?", [Reading("Who is Tomas?")]),
    ],
)
def test_names_and_months_become_cues(question: str, readings: list[Reading]) -> None:
    assert list(READ(question)) == readings


def test_whoever_said_it_then_comes_first_and_nobody_is_left_out() -> None:
    days = [datetime(2023, month, 1) for month in (2, 3, 3)]  # noqa: DTZ001
    said = [("Maya", "I live in Ghent."), ("Maya", "I live in Turin."), ("Tom", "I live in Basel.")]
    turns = [spoken(f"D{i}", who, text, day) for i, ((who, text), day) in enumerate(zip(said, days, strict=True))]
    embed = HashingEmbedder().embed
    with Library.temporary("g", 512) as library:
        library.put(turns, embed([t.text for t in turns]))
        retriever = Retriever(library, embed, Weights(recency=0), reader=READ)
        found = retriever.search("Where did Maya live in March?", explain=True)
        assert [(hit.id, hit.parts["cues"]) for hit in found] == [("D1", 2), ("D0", 1), ("D2", 1)]
        both = retriever.search("Where do Maya and Tom live?", 2)
        assert {hit.id for hit in both} <= {"D0", "D1", "D2"}
        assert "D2" in {hit.id for hit in both}


def test_a_cue_finds_what_no_leg_proposes() -> None:
    embed = HashingEmbedder().embed
    turns = [spoken(f"a{i:03d}", "Tom", f"rowing on lake number {i}", None) for i in range(150)]
    turns.append(spoken("z", "Maya", "yes", None))
    with Library.temporary("g", 512) as library:
        library.put(turns, embed([t.text for t in turns]))
        question = "Was it Maya who went rowing on the lake?"
        plain = Retriever(library, embed, Weights(recency=0), pool=20)
        assert "z" not in {hit.id for hit in plain.search(question, 20)}
        cued = Retriever(library, embed, Weights(recency=0, cue=20), pool=20, reader=READ)
        assert cued.search(question, 20)[0].id == "z"


def test_parts_take_turns_and_what_supersedes_stands_first() -> None:
    assert interleaved([[1, 2, 3], [4], []]) == [1, 4, 2, 3]
    embed = HashingEmbedder().embed
    with Library.temporary("g", 512) as library:
        old, new = spoken("old", "Maya", "I row on Sundays.", None), spoken("new", "Tom", "Maya has stopped.", None)
        library.put(
            [old, type(new)(new.id, new.text, new.facts, None, ("old",))], embed([old.text, new.text])
        )  # fmt: skip
        found = Retriever(library, embed, reader=READ).search("What do Maya and Tom row?")
        assert [hit.id for hit in found] == ["new", "old"]


def test_a_turn_has_a_share_of_the_one_before_it_within_its_session() -> None:
    rows = np.eye(3, dtype=np.float32)
    mixed = in_context(rows, [True, False, True], share=0.5)
    assert mixed[0] == pytest.approx(rows[0])
    assert mixed[1] == pytest.approx(np.array([0.5, 1, 0]) / np.sqrt(1.25))
    assert mixed[2] == pytest.approx(rows[2])
