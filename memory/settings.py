"""A home's ``settings.toml``: a file that its owner writes, with a table per matter."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from ..errors import SetupError
from .home import Home


def table(home: Home, name: str) -> Mapping[str, Any]:
    """One of its tables; empty if there is no such table or file.

    Raises:
        SetupError: The file can't be read, or there is something else of that name.
    """
    path = home.path / "settings.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8")).get(name, {}) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise SetupError(f"{path} can't be read: {error}") from None
    if not isinstance(told, dict):
        raise SetupError(f"{path}: {name} is a table: write [{name}], and its settings in the lines below")
    return told
