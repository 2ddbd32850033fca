"""Long texts that strangers write to keep a program busy: done at once, or it takes minutes if a pattern slips."""

from __future__ import annotations

import pytest

from doxa.environments.markup import lines_of
from doxa.escapes import cell
from doxa.memory.suspicion import suspicion
from doxa.neutral import neutral


def test_a_cell_of_many_digits_costs_no_more_than_others() -> None:
    assert cell("0" * 400_000 + "!") == "0" * 400_000 + "!"


@pytest.mark.parametrize("part", ["<DOCUMENT>", "</DOCUMENT>"])
def test_a_submission_that_never_ends_is_read_once(part: str) -> None:
    assert lines_of(part * 40_000, "10-K")


def test_the_documents_of_a_submission_are_told_apart() -> None:
    told = "<DOCUMENT><TYPE>8-K<TEXT>one</TEXT></DOCUMENT> x <document>\n<TYPE>10-K\n<TEXT>two</TEXT></DOCUMENT>"
    assert lines_of(told, "10-K") == ["two"]
    assert lines_of(told, "4") == ["one"]


@pytest.mark.parametrize("part", ["é\u0301", "a\u200b", "_"])
def test_neutralising_takes_a_text_once(part: str) -> None:
    assert len(neutral(part * 100_000).text) >= 100_000


@pytest.mark.parametrize("part", ["a ", "ignore all ", "send to ", "_", "a_", "a1", "%41", "manager ", "игнорир"])
def test_a_sentence_as_long_as_one_may_be_is_judged(part: str) -> None:
    suspicion([(part * 400)[:400]] * 5, ("pm", "reader"))


@pytest.mark.parametrize("text", ["\u200b=1+1", "\ufeff=1", " \u2060@x", "\uff1d1+1", "\uff0b1x"])
def test_no_invisible_or_wide_sign_lets_a_formula_through(text: str) -> None:
    assert cell(text) == f"'{text}"
