"""Words without their endings: what two English texts have in common whatever the form of their words."""

from __future__ import annotations

import re
from functools import lru_cache

from . import thesaurus

TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[a-z]+(?:'[a-z]+)?|[,;:.!?]", re.IGNORECASE)
STOPS = frozenset((*",;:.!?", "but"))
"""What ends a clause."""
_MUTE = thesaurus.FUNCTION | thesaurus.NEGATORS | {"don"}
_NOT = re.compile(r"n[’']t\b")


@lru_cache(maxsize=8192)
def stems(text: str) -> frozenset[str]:
    """The stems of a text's words, without those that carry no meaning of their own and without negations."""
    return frozenset(sequence(text))


def sequence(text: str) -> tuple[str, ...]:
    """The same as :func:`stems`, in order."""
    words = TOKEN.findall(_NOT.sub(" not", text.casefold()))
    told = (thesaurus.NUMBERS.get(word, word) for word in words if word not in STOPS)
    return tuple(stem(word) for word in told if word not in _MUTE)


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
