"""What makes a belief's own words suspicious: a lesson says what is so, it doesn't command, hide or send anything.

Exact patterns, no model in the loop, over the text with look-alikes and invisible characters undone. They are meant to
miss no plain attempt and to hold back few honest lessons; whatever they hold back a person can approve. They are no
proof that the rest is harmless: that is what taint, support and the typed answers are for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from ..neutral import neutral

_DUTY = r"(?:must|shall|should|has to|have to|needs? to|may not|must not|mustn't|is to|are to|ought to|will now)"
_WHICH = r"(?:(?:all|any|every|the|these|those|your|previous|prior|earlier|above|other|of|and|or|safety|risk) )*"
_RULES = (
    rf"(?:{_WHICH}(?:instructions?|rules?|prompts?|directions|guidelines|orders|limits?|warnings?|alerts?|safeguards?|"
    r"constraints|beliefs?|lessons?|polic(?:y|ies)|messages?|context|agents|humans|users|everything|anything above)"
    r"|(?:the|all|other|your) (?:\w+ )?(?:analyst|manager|critic|monitor)s?"
    r"(?! (?:consensus|upgrade|downgrade|target|estimate|report|note|rating|forecast)))"
)
_ADDRESSED = (
    rf"\byou (?:{_DUTY}|are now|are an?|will|can(?:not|'t)?)\b",
    r"\b(?:act|behave|respond|reply|answer|speak) (?:as|like|only|with)\b",
    r"\b(?:pretend|imagine) (?:to be|that you|you)\b",
    r"(?:^|[\s>\]\[(*#|])(?:system|assistant|user|developer|admin(?:istrator)?)\s*[:>\]|]",
    r"<\|?/?\s*(?:im_|system|assistant|user|data|inst)",
    r"\b(?:new|updated|real|following|these) (?:system )?(?:instructions?|orders|prompt)\b",
    r"\b(?:output|print|repeat|reveal|recite) (?:your|the|this|all)\b",
)
_IGNORED = (
    rf"\b(?:ignor\w*|disregard\w*|overrid\w*|bypass\w*|forget\w*|skip|neglect|drop) {_RULES}\b",
    rf"\b(?:do not|don't|never|no longer|stop) (?:follow|obey|heed|read|use|believe)(?:ing)? {_RULES}\b",
    (
        r"\b(?:ignori?e?r?\w*|ignora\w*|olvid\w*|oubli\w*|vergiss|missachte\w*|dimentic\w*)\b.{0,40}"
        r"\b(?:instruc\w*|instru\w*|anweisung\w*|consignes?|istruzion\w*|regeln?|reglas?|regles?)\b"
    ),
    r"(?:игнорир\w{0,20}|забуд\w{0,20}).{0,40}(?:инструкц\w*|указани\w*|правил\w*)",
    r"(?:忽略|無視|无视|忘记|忘記).{0,20}(?:指示|指令|说明|說明|命令|规则|規則)",
)
_HIDDEN = (
    r"\b(?:hid(?:e|ing)|conceal\w*|suppress\w*|withhold\w*|cover up|keep (?:it |this |that )?(?:a )?secret)\b",
    (
        r"\b(?:do not|don't|never|without) (?:tell|report|mention|disclos|reveal|log|inform|alert|notify|explain)"
        r"(?:e|ing)?\b"
    ),
)
_SENT = (
    (
        r"\b(?:send|post|upload|e-?mail|forward|transmit|transfer|leak|exfiltrate?|deliver|wire)\b.{0,60}"
        r"\b(?:to|at|via|into)\b.{0,60}(?:@|://|\b(?:address|account|server|endpoint|webhook|url|site|channel|inbox|"
        r"wallet|outside|attacker|author|me|us)\b)"
    ),
    r"\b(?:api|secret|private|access|encryption|ssh)[ _-]?keys?\b|\bpasswords?\b|\bcredentials?\b",
    r"\bexfiltrat\w*|\bauth\w* tokens?\b|\benvironment variables?\b",
    r"\b[a-z][a-z0-9+.-]{1,15}://|\bwww\.[a-z0-9-]+\.|\b(?:javascript|data|file):\S",
)
_RUN = (
    (
        r"\b(?:run|execute|eval|exec|import|call|invoke|open|download|install|curl|wget)\b.{0,30}"
        r"\b(?:code|commands?|scripts?|shell|tools?|functions?|files?|python|program|sudo)\b"
    ),
    r"\b__\w+__\b|\bos\.(?:system|environ)\b|\beval\(|\$\(|\{\{|<script",
)
_ENCODED = (
    r"(?<![a-z0-9+/_-])(?=[a-z0-9+/_-]{32})(?=\S*\d)(?=\S*[a-z])[a-z0-9+/_-]{32,}={0,2}|\b(?:[0-9a-f]{2}[ :]?){16,}\b",
    r"(?:\\x[0-9a-f]{2}|%[0-9a-f]{2}|&#x?[0-9a-f]+;){4,}",
    r"\b(?:base64|rot13|hex)\b.{0,40}\b(?:decode|follow|read|obey|do)\b|\bdecode (?:the|this|and)\b",
)
_WAYS: Mapping[str, tuple[str, ...]] = {
    "addresses an agent": _ADDRESSED,
    "asks to ignore": _IGNORED,
    "asks to hide": _HIDDEN,
    "asks to send something out": _SENT,
    "asks to run something": _RUN,
    "is encoded": _ENCODED,
}
_PATTERNS = tuple(
    (way, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for way, patterns in _WAYS.items() for pattern in patterns
)
_SPACED = re.compile(r"\b(?:\w[ .\-_]){5,}\w\b")
ROLES = ("analyst", "manager", "critic", "monitor", "judge", "trader", "agent")
"""Names of duties that every team has."""


def suspicion(texts: Iterable[str], agents: Iterable[str] = ()) -> str | None:
    """Why a belief's words are suspicious, with the words; ``None`` if nothing in them is.

    Args:
        texts: Everything in it that a model worded.
        agents: Names of the team's agents.
    """
    names = tuple(agents)
    for text in texts:
        hidden = {k: n for k, n in neutral(text).counts.items() if k != "control"}
        if hidden:
            return f"it hides characters ({', '.join(f'{n} {k}' for k, n in hidden.items())})"
        for form in _forms(text):
            if found := _found(form, names):
                return found
    return None


def _forms(text: str) -> tuple[str, ...]:
    """The text as it reads, without accents, and with letters that were spaced apart put together."""
    plain = " ".join(neutral(text).text.replace("’", "'").replace("_", " ").split())
    base = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    joined = _SPACED.sub(lambda m: re.sub(r"[ .\-_]", "", m[0]), plain)
    return tuple(dict.fromkeys((" ".join(text.split()), plain, base, joined)))


def _found(text: str, agents: tuple[str, ...]) -> str | None:
    for way, pattern in _PATTERNS:
        if match := pattern.search(text):
            return f"it {way} ({match[0].strip()[:60]!r})"
    if match := _duties(agents).search(text):
        return f"it names another agent's duties ({match[0].strip()[:60]!r})"
    return None


def _duties(agents: tuple[str, ...]) -> re.Pattern[str]:
    """An agent that is told what to do, or is spoken to."""
    spoken = {form for name in agents for form in (name, name.replace("_", " ").replace("-", " "))}
    names = "|".join(re.escape(name) for name in sorted({*spoken, *ROLES}))
    who = rf"(?:{names})s?"
    duties = rf"\b{who}(?:'s)? (?:\w+ )?(?:duty|duties|role|job|task|instructions?)\b|\bdut(?:y|ies) of the {who}\b"
    return re.compile(rf"\b{who}(?: \w+)? {_DUTY}\b|(?:^|[.;!?] ){who}[,:] |{duties}", re.IGNORECASE)
