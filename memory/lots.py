"""Drawing lots: numbers that depend on what is drawn for and on nothing else, the same on every machine."""

from __future__ import annotations

import hashlib


def lot(*drawn_for: str | int) -> float:
    """A number in [0, 1), evenly distributed over whatever it may be drawn for.

    >>> lot(0, 3, "b-0123456789") == lot(0, 3, "b-0123456789")
    True
    """
    text = "/".join(str(part) for part in drawn_for)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
