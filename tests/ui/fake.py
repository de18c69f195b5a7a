"""A harness API that answers from a table, and keeps what it was told: what the pages do, without a sandbox."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Fake:
    """`answers` by 'METHOD /path': a value, or (status, value)."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.told: list[tuple[str, Any, str]] = []  # METHOD /path, body, If-Match

    def sent(self, path: str) -> list[Any]:
        """Bodies sent to a path."""
        return [body for target, body, _ in self.told if target == path]


@contextmanager
def served(fake: Fake) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            target = f"{self.command} {self.path.partition('?')[0]}"
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            if self.command != "GET":
                fake.told.append((target, body, self.headers.get("if-match") or ""))
            found = fake.answers.get(target, (404, {"detail": f"no {target}"}))
            status, value = found if isinstance(found, tuple) else (200, found)
            value = value(body) if callable(value) else value
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
