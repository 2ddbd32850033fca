"""Connections that can't be made or that break, as typed failures."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..errors import ModelSetupError
from .failures import CallError, ConnectionFailedError, ConnectionLostError, ModelTimeoutError
from .statuses import excerpt

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def failure_of_connection(error: BaseException, endpoint: str) -> CallError:
    """The failure behind a connection's end.

    The HTTP layers call a lost connection a timeout, and a refused one an internal error; their causes tell.
    """
    import aiohttp
    import httpx

    chain = list(causes(error))
    said = next((str(cause) for cause in reversed(chain) if str(cause)), "")
    why = f": {excerpt(said)}" if said else ""
    unmade = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, httpx.ConnectError, ConnectionRefusedError)
    if any(isinstance(cause, unmade) for cause in chain):
        return ConnectionFailedError(f"{endpoint} can't be reached{why}")
    if any(isinstance(cause, TimeoutError) for cause in chain):
        return ModelTimeoutError(f"{endpoint} stopped sending{why}")
    return ConnectionLostError(f"the connection to {endpoint} broke{why}")


def proxy_of(endpoint: str) -> str | None:
    """The proxy that the environment names for a server, if any; none is asked for the loopback interface.

    Read once, and nothing but proxies: aiohttp's own reading takes two threads a request, and refuses to send a key to
    a server for which a ``.netrc`` has a password.

    Raises:
        ModelSetupError: It's no HTTP proxy.
    """
    server = urlsplit(endpoint)
    if server.hostname in LOOPBACK or proxy_bypass(server.netloc.rpartition("@")[2]):
        return None
    named = getproxies()
    proxy = named.get(server.scheme) or named.get("all")
    if not proxy:
        return None
    address = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(address).scheme not in ("http", "https"):
        raise ModelSetupError(
            f"the environment names a proxy by {urlsplit(address).scheme}:// for {endpoint}, and only HTTP proxies can "
            f"be used: set {server.scheme.upper()}_PROXY to one, or NO_PROXY={server.hostname}"
        )
    return address


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from, outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
