"""What a sentence advises, read without a model: its words as terms, and which way each of them points.

A term is a sense of the thesaurus or a stem. It points up or down: an opposite and a negation turn it round. Clauses
are kept apart, because advice and the conditions it is given under are compared differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from . import thesaurus
from .clauses import Clause, Mention, Sense
from .stemming import STOPS, TOKEN, stem

_PHRASES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(\w+)n[’']t\b", r"\1 not"),
        (r"\bcannot\b", "can not"),
        (r"\bun(\w{3,}ed)\b", r"without \1"),
        (r"\byes[- ]or[- ]no\b", "yesorno"),
        (r"\bno (reason|way|use|point|sense|excuse|ground|grounds) (for|in|of)\b", "not"),
        (r"\bso (that|the|a|an|it|they|no|nobody|nothing)\b", r"because \1"),
        (r",\s*(no (?:longer|more|later|higher)|at (?:the )?(?:most|least)|or (?:more|less|fewer))\b", r" \1"),
        (r"\b(?:never|not) (\w+(?: \w+){0,3}) (?:more|longer|later|higher|larger|greater) than\b", r"\1 atmost"),
        (r"\b(?:never|not) (\w+(?: \w+){0,3}) (?:less|fewer|shorter|lower|smaller|earlier) than\b", r"\1 atleast"),
        (r"\b(?:never|not|no) ([^,;:.]*?) without\b", r"\1 with"),
        (r"\beven (if|when|though)\b", "if"),
        (r"\btakes?((?: \w+){1,6}) at face value\b", r"trust\1"),
        (r"\b(?:leave|leaves|let) (it|them|that|this|those) (?:out|alone|aside)\b", r"ignore \1"),
        (r"\b(?:mark|play|talk|tone) (it|them|that|this|those) down\b", r"discount \1"),
        (r"\btoo (\w+) to\b", "not"),
        (r"\b(?:no (?:point|use|sense) in|fails? to|far from|anything but|refuses? to)\b", "not"),
        (r"(\d)\s*%", r"\1 percent"),
        (r"\bno (longer|more|later|higher)\b(?! than)", "atmost"),
        (r"\btake( the| a| an)? (\w+) off\b", r"not \2"),
        (r"\b(no|not) (more|longer|later|larger|greater|higher) than\b", "atmost"),
        (r"\b(no|not) (less|fewer|shorter|smaller|lower) than\b", "atleast"),
        (r"\b(at (the )?most|up to|no longer|a maximum of)\b", "atmost"),
        (r"\b(at (the )?least|or more|a minimum of)\b", "atleast"),
        (r"\b(?:keep|stay|leave)s?((?: \w+){0,3}) (?:off|away|out)(?: from| of)?\b", r"never \1"),
        (r"\b(?:send|sent|turn|turned|turns) (?:back|away|down)\b", "reject"),
        (r"\b(?:get|gets|got) out of\b", "exit"),
        (r"\bno (?:good )?(?:reason|need) to\b", "not"),
        (r"\b(side|bet|trade|go|act|vote|decide|lean|play)s? against\b", r"not \1"),
        (r"\b(?:never|not) ([^,;:.]*) until\b", r"\1 after"),
        (r"\b(instead of|rather than)\b", "instead"),
        (r"\bas (soon|long|far) as\b", "when"),
        (r"\bin the (event|case) (of|that)\b", "when"),
    )
)
_REASONS = frozenset(("because", "since", "therefore"))
_CONDITIONS = frozenset(("when", "whenever", "if", "while", "once", "during", "unless", "until", "where"))
_ORDER = {"before": -1, "after": 1}
_ARTICLES = frozenset(("no", "a", "an", "the", "this", "that", "its", "their", "your", "every", "each"))
_WHOLE = frozenset(("not", "never", "avoid", "refrain", "stop", "cease", "nothing", "nor", "neither"))
"""Negations that can say no to a whole clause."""
_ENDING = frozenset(("stop", "cease"))
"""What negates only what goes on: "stop buying", but not "a stop"."""
_BACK = frozenset(("it", "them", "such"))
"""What names again what was spoken of before."""
_ORDERS = frozenset(("stops",))
"""Things that are called like acts."""
_LONGEST = 2000
"""Characters that are read: five times what a critic or a person may say at once. What is longer comes from files."""
_NONE = frozenset(("nothing", "none", "nobody"))
_BOUNDS = frozenset(("over", "under"))
_PLACES = {"first": 1, "then": -1, "afterwards": -1, "later": -1, "afterward": -1}
"""What these words say of the clause they stand in."""


@lru_cache(maxsize=4096)
def read(text: str) -> tuple[Mention, ...]:
    """The terms of a text in order; of a text without end only the beginning."""
    lowered = text[:_LONGEST].casefold()
    for pattern, replacement in _PHRASES:
        lowered = pattern.sub(replacement, lowered)
    return _ranked(_Reader().mentions(TOKEN.findall(lowered)))


@dataclass(frozen=True)
class _Token:
    """A word and its neighbours."""

    before: str
    text: str
    after: str

    @property
    def thing(self) -> bool:
        """Whether it is named rather than done."""
        return self.before in _ARTICLES and (self.after in STOPS or self.after in thesaurus.FUNCTION)

    @property
    def idle(self) -> bool:
        """Whether it says nothing here: "hand over", "spread over"."""
        return self.text in _BOUNDS and not (self.after[0].isdigit() or self.after in thesaurus.NUMBERS)


class _Reader:
    """Reads a sentence from left to right."""

    def __init__(self) -> None:
        self._clause = Clause()
        self._found: list[Mention] = []
        self._parts: list[int] = []
        self._places: dict[int, int] = {}
        self._preferring = False

    def mentions(self, tokens: list[str]) -> list[Mention]:
        """The sentence's words, each at its place."""
        for token in map(_Token, [".", *tokens], tokens, [*tokens[1:], "."]):
            self._preferring = self._preferring or token.text.startswith("prefer")
            if not self._divides(token) and not self._turns(token) and not token.idle:
                self._mention(token)
        self._clause.stay()
        denied, refused = self._clause.denied, self._clause.refused
        places = {**self._places, **({self._clause.part: 0} if self._clause.unclear else {})}
        found = zip(self._parts, self._found, strict=True)
        return [
            replace(m, rank=places.get(part, m.rank), denied=m.clause in denied, refused=m.clause in refused)
            for part, m in found
        ]

    def _divides(self, token: _Token) -> bool:
        """Whether it ends a clause or a part of one."""
        clause, text = self._clause, token.text
        if text in STOPS:
            clause.end()
        elif text in _ORDER:
            clause.begin("advice", _ORDER[text], fronted=token.before in STOPS)
        elif text in _CONDITIONS or text in _REASONS:
            clause.begin("condition" if text in _CONDITIONS else "reason", 0)
        elif text == "to" and self._preferring and clause.rank == 0:
            clause.begin("advice", -1)
        elif text == "and":
            clause.part += 1
        elif text == "or" and self._found and self._found[-1].negated and stem(token.before) == self._found[-1].stem:
            clause.negated = True
        else:
            return False
        return True

    def _turns(self, token: _Token) -> bool:
        """Whether it turns round or puts in order what stands beside it."""
        if token.text in _NONE and token.after in STOPS and self._found:
            self._found[-1] = self._found[-1].turned()
        elif token.text == "avoided" and self._clause.unmet:
            self._clause.deny(whole=True)
        elif token.text == "avoided" or (token.text in _BACK and self._clause.number in self._clause.denied):
            self._clause.refer()
        elif token.text in thesaurus.NEGATORS and not (token.text in _ENDING and not token.after.endswith("ing")):
            if token.text == "instead" or (token.text == "not" and token.before == ","):
                self._clause.begin("contrast", 0)
            self._clause.deny(whole=token.text in _WHOLE)
        elif token.text in _PLACES and token.before not in _ARTICLES:
            self._places[self._clause.part] = _PLACES[token.text]
        else:
            return False
        return True

    def _mention(self, token: _Token) -> None:
        if senses := _meaning(token.text):
            self._parts.append(self._clause.part)
            self._found.append(self._clause.mention(token.text, senses, thing=token.thing))


def _ranked(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """Give the rest of a sentence the place that its ordered clause leaves."""
    found = tuple(mentions)
    ranks = {m.rank for m in found if m.role == "advice" and m.rank}
    if len(ranks) != 1:
        return found
    (rank,) = ranks
    return tuple(replace(m, rank=-rank) if m.role == "advice" and not m.rank else m for m in found)


def _meaning(token: str) -> tuple[Sense, ...]:
    if token in thesaurus.NUMBERS or token[0].isdigit():
        return (Sense(thesaurus.NUMBERS.get(token, token), 1, "number"),)
    known = _senses()
    if token in thesaurus.FUNCTION:
        return ()
    if token in _ORDERS:
        return (Sense(stem(token), 1, "word"),)
    if token.endswith("ings"):  # things, not acts: "holdings"
        return known.get(token[:-1]) or (Sense(stem(token), 1, "word"),)
    forms = (token, stem(token), *(token.removesuffix(end) for end in ("r", "er", "st", "est")))
    return next((known[form] for form in forms if form in known), (Sense(stem(token), 1, "word"),))


@lru_cache(maxsize=1)
def _senses() -> Mapping[str, tuple[Sense, ...]]:
    """The senses of every word of the thesaurus, by the word and by its stem."""
    found: dict[str, tuple[Sense, ...]] = {}
    tables: tuple[tuple[Literal["act", "state"], str], ...] = (("act", thesaurus.ACTS), ("state", thesaurus.STATES))
    for kind, table in tables:
        for line in table.strip().replace("\n|", " |").splitlines():
            sides = line.split("|")
            name = f"{kind}:{sides[0].split()[0]}"
            for sign, side in zip((1, -1), sides, strict=False):
                for word in side.split():
                    for form in {word, word if word.endswith("ing") else stem(word)}:
                        found[form] = (*found.get(form, ()), Sense(name, sign, kind))
    return found
