"""Keys kept out of whatever is recorded, written or shown: the environment's by their value, others by their look.

A key is taken out where it comes in, from a model's reply or a provider's error, and again where something goes out: at
the journal, in messages, tracebacks and logs. What takes its place is ``[key]``.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

HIDDEN = "[key]"
LEAST = 8
"""Characters that a value must have to be taken for a key: hiding shorter ones would hide common words."""

_NAMES = re.compile(r"(?i)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|_PASS|_PWD)(?:_?\d+)?$")
_MARKS = (
    "sk-",
    "gsk_",
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "hf_",
    "eyJ",
    "earer ",
    "Basic ",
    "PRIVATE KEY",
)
"""What a text must contain for the pattern to be worth trying: most texts contain none of it."""
_LOOKS = re.compile(
    # Every run of characters is scanned once, whatever is in it, and nothing takes a quote or half an escape of JSON.
    r"\b(?:sk-[\w-]{16,}|gsk_\w{20,}|A(?:KI|SI)A[0-9A-Z]{16}\b|AIza[\w-]{35}|gh[pousr]_\w{30,}|github_pat_\w{30,}"
    r"|glpat-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}|hf_[A-Za-z0-9]{30,})"
    r"|(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"
    r"|(?<=earer )[\w.~+/-]{16,}=*"
    r"|(?<=uthorization: Basic )[\w+/-]{8,}=*|(?<=uthorization\": \"Basic )[\w+/-]{8,}=*"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:\\[nr]|[\w+/=:,\s]){16,}"
)
_ADDRESSED = re.compile(r"(://)(?:[^\s/?#\"'\\:@]*:[^\s/?#\"'\\]+|[^\s/?#\"'\\:@]{16,})(?=@)")
"""A name and a password, or a token, before the host of an address."""
_NAMED = re.compile(
    r"(?i)([?&][\w-]{0,40}(?:key|token|secret|password|signature)=|\b(?:x-)?api[-_]?key\\?[\"']?[:=] ?\\?[\"']?)"
    r"(?=[\w-]*\d)(?=[\w-]*[a-df-z_])[\w.~%+-]{8,}"
)
"""A value that its name says to be a key, in an address or a header; no number, which could stand bare in JSON."""
_NAMING = ("key=", "token=", "secret=", "password=", "signature=", "apikey", "api-key", "api_key")
"""What a text must contain, in small letters, for that pattern to be worth trying."""


@dataclass(frozen=True)
class Redaction:
    """What takes keys out of texts.

    Attributes:
        secrets: Texts that are hidden wherever they stand, the longest first.
    """

    secrets: tuple[str, ...] = ()

    @classmethod
    def of_environment(cls, *others: str | None) -> Redaction:
        """Hide the environment's keys, tokens and passwords as they are now, and these others."""
        named = (value for name, value in os.environ.items() if _NAMES.search(name))
        found = {value.strip() for value in named if _telling(value.strip())} | {*_in_headers(), *_in_addresses()}
        return cls.of([*found, *(other for other in others if other and len(other) >= LEAST)])

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Redaction:
        """Hide these, also as they stand in JSON, addresses, HTML, Python, base64 and hexadecimal figures."""
        forms = {form for secret in secrets for form in _forms(secret)}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def __call__(self, text: str) -> str:
        """The text without keys."""
        for secret in self.secrets:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        if any(mark in text for mark in _MARKS):
            text = _LOOKS.sub(HIDDEN, text)
        if "://" in text and "@" in text:
            text = _ADDRESSED.sub(rf"\1{HIDDEN}", text)
        small = text.lower()
        return _NAMED.sub(rf"\1{HIDDEN}", text) if any(name in small for name in _NAMING) else text


def redacted(text: object) -> str:
    """A text without the environment's keys and what looks like one; for what is written seldom, such as messages."""
    return Redaction.of_environment()(str(text))


def _telling(value: str) -> bool:
    """Whether a value can be a key: long enough, and of more than one sort of characters unless it is very long.

    Numbers aren't taken for keys, since they stand bare in JSON; nor are paths, which name files with keys in them.
    """
    if len(value) < LEAST or value.replace(".", "").isdecimal() or _names_file(value):
        return False
    sorts = (str.islower, str.isupper, str.isdecimal, lambda c: not c.isalnum())
    return len(value) >= 20 or sum(any(map(sort, value)) for sort in sorts) > 1


def _names_file(value: str) -> bool:
    """Whether a value is a path; a key may begin with a slash, too, but then then no such folder is there."""
    return value.startswith(("~", "./", "../")) or (value.startswith("/") and Path(*Path(value).parts[:2]).exists())


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as it stands where texts are written otherwise."""
    plain, told = secret.encode(errors="surrogatepass"), json.dumps(secret)[1:-1]
    yield from (secret, told, json.dumps(told)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (repr(secret)[1:-1], html.escape(secret), html.escape(secret, quote=False))
    for address in (quote(plain, safe=""), quote(plain), quote_plus(plain)):
        yield from (address, re.sub(r"%..", lambda found: found[0].lower(), address))
    yield from (plain.hex(), plain.hex().upper())
    for before in range(3):
        yield from _based(plain, before)


def _based(secret: bytes, before: int) -> Iterator[str]:
    """In base64, after so many other bytes (of three): the characters that no neighbour has a part in."""
    whole = base64.b64encode(bytes(before) + secret + bytes(3)).decode()
    told = whole[(before * 8 + 5) // 6 : (before + len(secret)) * 8 // 6]
    yield from (told, told.replace("+", "-").replace("/", "_"))


def _in_headers() -> Iterable[str]:
    """Values of headers that the environment has sent with every request."""
    for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines():
        value = line.partition(":")[2].strip()
        if _telling(value):
            yield value


def _in_addresses() -> Iterable[str]:
    """Passwords in addresses of the environment's, whatever characters they have."""
    for value in os.environ.values():
        if "://" in value and "@" in value:
            password = value.partition("://")[2].rpartition("@")[0].partition(":")[2]
            if _telling(password):
                yield password
