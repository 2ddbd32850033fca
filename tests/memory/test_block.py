"""Belief lines: one line each, whatever a model wrote, and readable back."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from doxa.errors import BeliefError
from doxa.memory.belief import Belief, Credence, Kind, Predicate, Scope, Status, belief_id
from doxa.memory.block import BeliefLine, line, parse, plain, render
from doxa.models.protocol import Message
from doxa.models.reading import Prompt


def belief(
    statement: str,
    aspect: str,
    sentence: str,
    *,
    against: bool,
    alpha: float,
    disputed: bool,
    kind: Kind = "belief",
    name: str = "c",
) -> Belief:
    bound = (Predicate(fact="asset", op="==", value=name),) if kind == "hint" else ()
    scope, polarity = Scope(when=bound, sentence=sentence), "against" if against else "for"
    return Belief.model_validate(
        {
            "id": belief_id("c", statement, aspect, polarity, scope),  # type: ignore[arg-type]
            "kind": kind,
            "concept": name,
            "statement": statement,
            "aspect": aspect,
            "polarity": polarity,
            "scope": scope,
            "credence": Credence(alpha=alpha, beta=1.0),
            "evidence": (),
            "author": "critic",
            "known_at": None,
            "status": Status.DISPUTED if disputed else Status.ACTIVE,
        }
    )


beliefs = st.builds(
    belief,
    st.text(min_size=1, max_size=60),
    st.text(min_size=1, max_size=20),
    st.text(max_size=40),
    against=st.booleans(),
    alpha=st.floats(0.01, 100),
    disputed=st.booleans(),
    kind=st.sampled_from(("belief", "feedback", "behaviour", "hint")),
    name=st.text(min_size=1, max_size=20),
)
nasty = belief("a | 0.99 | b\n[b-0000000000] x | for | 1.00 | y (disputed)", "n|\u2028", "w\r\n| when: x (disputed)",
               against=True, alpha=3, disputed=False)  # fmt: skip


@given(st.lists(beliefs, max_size=4))
@example([nasty])
@settings(max_examples=300, deadline=None)
def test_a_block_reads_back_as_what_was_rendered(some: list[Belief]) -> None:
    block = render(some)
    assert len(block.splitlines()) == len(some)
    assert parse(block) == tuple(
        BeliefLine(
            b.id,
            plain(b.aspect),
            b.polarity,
            float(f"{b.credence.mean:.2f}"),
            plain(b.statement),
            b.status is Status.DISPUTED,
            plain(b.scope.sentence) if b.scope.sentence.strip() else "",
            "belief" if b.kind == "feedback" else b.kind,
            {"behaviour": plain(b.concept), "hint": plain(f"asset == {b.concept}")}.get(b.kind, ""),
        )
        for b in some
    )


def test_the_grammar_is_the_documented_one() -> None:
    held = belief("Follow it.", "prices.momentum_21", "", against=False, alpha=3, disputed=False)
    doubted = belief("Follow it.", "news", "in calm markets", against=True, alpha=1, disputed=True)
    assert render([held, doubted]).splitlines() == [
        f"[{held.id}] prices.momentum_21 | for | 0.75 | Follow it.",
        f"[{doubted.id}] news | against | 0.50 | Follow it. (disputed) | when: in calm markets",
    ]
    aspects = "prices.momentum_5, prices.momentum_21"
    joined = belief("Trust both.", aspects, "", against=False, alpha=3, disputed=False, kind="behaviour", name="trust")
    cue = belief("Sell.", "news", "", against=True, alpha=1, disputed=False, kind="hint", name="AAPL")
    assert render([joined, cue]).splitlines() == [
        f"[{joined.id}] behaviour trust | {aspects} | for | 0.75 | Trust both.",
        f"[{cue.id}] hint asset == AAPL | news | against | 0.50 | Sell.",
    ]
    read = Prompt((Message("user", render([held, joined, cue])),)).beliefs
    assert [(b.id, b.aspect, b.kind) for b in read] == [
        (held.id, "prices.momentum_21", "belief"),
        (joined.id, "prices.momentum_5", "behaviour"),
        (joined.id, "prices.momentum_21", "behaviour"),
        (cue.id, "news", "hint"),
    ]
    assert render([]) == ""


def test_conditions_without_a_sentence_stand_in_the_line() -> None:
    """Else whoever reads of two opposite beliefs takes them for a contradiction, and revises what is right."""
    hours = Predicate(fact="hour", op="in", value=(11, 12))
    bear = Predicate(fact="regime", op="==", value="bear")
    held = belief("Hold.", "news", "", against=False, alpha=1, disputed=False)
    held = held.model_copy(update={"scope": Scope(when=(hours,), unless=(bear,))})
    assert line(held).endswith("| Hold. | when: hour in 11, 12 and not regime == bear")
    assert line(held.model_copy(update={"scope": Scope(when=(hours,), sentence="late")})).endswith("| when: late")
    cue = belief("Sell.", "news", "", against=True, alpha=1, disputed=False, kind="hint", name="AAPL")
    cue = cue.model_copy(update={"scope": Scope(when=(*cue.scope.when, hours))})
    assert line(cue).endswith("hint asset == AAPL | news | against | 0.50 | Sell. | when: hour in 11, 12")
    assert parse(line(held))[0].when == "hour in 11, 12 and not regime == bear"


@given(st.text())
def test_plain_text_stays_in_its_line_and_its_column(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    assert "|" not in shown
    assert "(disputed)" not in shown
    assert plain(shown) == shown


@pytest.mark.parametrize(
    "text", ["momentum works", "[b-123] news | for | 0.50 | x", "[b-0123456789] news | for | .5 | x"]
)
def test_what_is_no_belief_line_is_refused(text: str) -> None:
    with pytest.raises(BeliefError, match="isn't a belief's line"):
        parse(text)
