"""A server on the loopback that gives the answers it is told, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Server:
    url: str
    answers: dict[str, Any]
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def serving(answers: dict[str, Any]) -> Iterator[Server]:
    """Answers by path: text, JSON, a status, a (status, headers), or a list of these, one per request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            server.asked.append(self.path)
            server.headers.append(dict(self.headers))
            answer = server.answers.get(path, 404)
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            status, headers = (answer, {}) if isinstance(answer, int) else (200, {})
            if isinstance(answer, tuple):
                status, headers = answer
            text = answer if isinstance(answer, str) else json.dumps(answer) if isinstance(answer, dict) else ""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            body = text.encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}", answers)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
