"""Where a Chroma server is, as ``settings.toml`` tells it. Importing this imports no chromadb."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ..errors import SetupError, options
from .home import Home
from .settings import table

_PORT = 8000
_REMEDY = 'write chroma = "http://HOST:PORT" in the table [index] of settings.toml'


@dataclass(frozen=True)
class Address:
    """Of a server; as text its URL."""

    host: str
    port: int
    secure: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether it's this machine."""
        with suppress(ValueError):
            return ip_address(self.host).is_loopback
        return self.host == "localhost"


def chroma_server(home: Home) -> Address | None:
    """The server that a home's settings name; ``None`` for the embedded Chroma.

    Raises:
        SetupError: It can't be one; no message repeats what may be a key.
    """
    told = table(home, "index")
    for unknown in sorted(told.keys() - {"chroma"}):
        raise SetupError(f"settings.toml, index: {options(unknown, ['chroma'])}")
    return address(told["chroma"]) if "chroma" in told else None


def address(url: object) -> Address:
    """Read a URL.

    >>> str(address("http://127.0.0.1:8000/"))
    'http://127.0.0.1:8000'

    Raises:
        SetupError: It isn't http or https, or there is more in it than host and port.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        port = parts.port or (443 if parts.scheme == "https" else _PORT)
    except ValueError:
        raise SetupError(f"the URL of the Chroma server can't be read; {_REMEDY}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SetupError(f"the URL of the Chroma server has to begin with http:// or https:// and a host; {_REMEDY}")
    if parts.username or parts.password or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise SetupError(f"the URL of the Chroma server takes no name, key, path or query; {_REMEDY}")
    return Address(parts.hostname, port, parts.scheme == "https")
