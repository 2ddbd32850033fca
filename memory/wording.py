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

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[a-z]+(?:'[a-z]+)?|[,;:.!?]", re.IGNORECASE)
_NOT = re.compile(r"n[’']t\b")
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
_STOPS = frozenset((*",;:.!?", "but"))
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
_NONE = frozenset(("nothing", "none", "nobody"))
_CARRYING = frozenset(("act:take", "act:add"))
"""Acts that do to their object what they say: to drop an index is to have none."""
_BOUNDS = frozenset(("over", "under"))
_PLACES = {"first": 1, "then": -1, "afterwards": -1, "later": -1, "afterward": -1}
"""What these words say of the clause they stand in."""


Role = Literal["advice", "condition", "reason", "contrast"]


@dataclass(frozen=True)
class Sense:
    """One meaning of a word.

    Attributes:
        name: Of the sense in the thesaurus, or the word's stem.
        sign: 1 or -1: which of two opposites.
        kind: ``act`` or ``state`` for a sense with an opposite, else ``word`` or ``number``.
    """

    name: str
    sign: int
    kind: Literal["act", "state", "word", "number"]


@dataclass(frozen=True)
class Mention:
    """A word where it stands.

    Attributes:
        stem: The word without its endings.
        senses: What it can mean, turned by the negation before it, if there is one.
        clause: Number of its clause.
        role: Of the clause: advice, its condition, its reason, or what it is set off from.
        rank: 1 for what is to come first or to be preferred, -1 for the other, 0 if nothing is said.
        thing: Whether it is named rather than done: "the drop", "an exit".
        negated: Whether a negation turned it round.
        carrier: Stem of the act that did so by what it does to its object: "drop" in "drop an index".
        denied: Whether its clause says no, to this word or to another.
        refused: Whether what is said in its clause as a whole is said no to: "X should be avoided", "X, so avoid it".
    """

    stem: str
    senses: tuple[Sense, ...]
    clause: int
    role: Role
    rank: int
    thing: bool
    negated: bool = False
    carrier: str = ""
    denied: bool = False
    refused: bool = False

    @property
    def negative(self) -> bool:
        """Whether it stands turned round, or for the second of two opposites."""
        return any(sense.sign < 0 for sense in self.senses)

    def turned(self) -> Mention:
        """The same, the other way round."""
        return replace(self, senses=tuple(replace(s, sign=-s.sign) for s in self.senses), negated=True)


@lru_cache(maxsize=4096)
def read(text: str) -> tuple[Mention, ...]:
    """The terms of a text in order."""
    lowered = text.casefold()
    for pattern, replacement in _PHRASES:
        lowered = pattern.sub(replacement, lowered)
    return _ranked(_Reader().mentions(_TOKEN.findall(lowered)))


@lru_cache(maxsize=8192)
def stems(text: str) -> frozenset[str]:
    """The stems of a text's words, without those that carry no meaning of their own and without negations."""
    return frozenset(sequence(text))


def sequence(text: str) -> tuple[str, ...]:
    """The same as :func:`stems`, in order."""
    words = _TOKEN.findall(_NOT.sub(" not", text.casefold()))
    told = (thesaurus.NUMBERS.get(word, word) for word in words if word not in _STOPS)
    return tuple(stem(word) for word in told if word not in thesaurus.FUNCTION | thesaurus.NEGATORS | {"don"})


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word without the endings that English inflects and derives it by."""
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (4 if ending == "ly" else 3):
            word = word[: len(word) - len(ending)] + instead
            break
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    word = word[:-1] if word.endswith("e") and len(word) > 3 else word
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


_ENDINGS = (
    ("sses", "ss"), ("ies", "y"), ("ations", "ate"), ("ation", "ate"), ("ings", "ing"), ("ness", ""), ("ments", ""),
    ("ment", ""), ("ically", "ic"), ("ally", "al"), ("ly", ""), ("ches", "ch"), ("shes", "sh"), ("xes", "x"),
    ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", ""),
)  # fmt: skip


class _Clause:
    """Where in a sentence the reader is."""

    def __init__(self) -> None:
        self.number = 0
        self.role: Role = "advice"
        self.rank = 0
        self.negated = False
        self.part = 0
        self.denied: set[int] = set()
        self.refused: set[int] = set()
        self.unmet = False
        self._carrier = ""
        self._fronted = False

    @property
    def unclear(self) -> bool:
        """Whether a clause that begins with "before" or "after" has not come to its end."""
        return self._fronted

    def deny(self, *, whole: bool) -> None:
        """A negation: it reaches the next word that means something; right after another one it takes that back.

        Args:
            whole: Whether it can say no to the clause, and not only to that word.
        """
        self.negated = self.unmet = not self.negated
        self._carrier = ""
        if not self.negated:
            self.denied.discard(self.number)
        elif whole:
            self.denied.add(self.number)

    def refer(self) -> None:
        """The clause says no to what was said before: "..., so avoid it", "... should be avoided"."""
        for reached in (self.denied, self.refused):
            reached.update(range(self.number + 1))
        self.unmet = False

    def stay(self) -> None:
        """The end of a clause: a negation that met no word refers to what was said before."""
        if self.unmet:
            self.refer()

    def end(self) -> None:
        """A stop: what follows is advice again; after "Before you go," it is what comes first."""
        self.stay()
        self.begin("advice", -self.rank if self._fronted else 0)

    def begin(self, role: Role, rank: int, *, fronted: bool = False) -> None:
        """Another clause."""
        self.number, self.part = self.number + 1, self.part + 1
        self.role, self.rank, self.negated, self._fronted = role, rank, False, fronted

    def mention(self, token: str, senses: tuple[Sense, ...], *, thing: bool) -> Mention:
        """A word of this clause; a negation reaches one word, or two if the first only carries the other."""
        self.unmet = False
        if senses[0].kind == "number":
            return Mention(token, senses, self.number, self.role, self.rank, thing)
        said = Mention(stem(token), senses, self.number, self.role, self.rank, thing)
        said = replace(said.turned(), carrier=self._carrier) if self.negated else said
        carries = not thing and (said.stem in thesaurus.CARRIERS or any(s.name in _CARRYING for s in senses))
        self.negated = carries and said.negative
        self._carrier = said.stem if self.negated and not said.negated else ""
        return said


@dataclass(frozen=True)
class _Token:
    """A word and its neighbours."""

    before: str
    text: str
    after: str

    @property
    def thing(self) -> bool:
        """Whether it is named rather than done."""
        return self.before in _ARTICLES and (self.after in _STOPS or self.after in thesaurus.FUNCTION)

    @property
    def idle(self) -> bool:
        """Whether it says nothing here: "hand over", "spread over"."""
        return self.text in _BOUNDS and not (self.after[0].isdigit() or self.after in thesaurus.NUMBERS)


class _Reader:
    """Reads a sentence from left to right."""

    def __init__(self) -> None:
        self._clause = _Clause()
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
        if text in _STOPS:
            clause.end()
        elif text in _ORDER:
            clause.begin("advice", _ORDER[text], fronted=token.before in _STOPS)
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
        if token.text in _NONE and token.after in _STOPS and self._found:
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
