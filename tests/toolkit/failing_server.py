"""A real HTTP server on this machine that fails as it is told to, and remembers what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.toolkit.every_victim import shown_letters


class FailingServer:
    """Takes one act of its script for each request; when the script is over, it answers.

    An act is a status; bytes (the body of an answer); or a name: "garbage" (no JSON), "cut" (the answer breaks off),
    "close" (no answer at all), "hang" (none until the server ends), "drip" (a byte at a time, without end),
    "slow headers" (the same before the body), "endless" (as fast as it goes, without end), "chunks" (the same in chunks
    that never end), "few" (one row too few), "go on" (100 Continue, without end). (status, headers, body) is sent as it
    is.

    `repeats`: what it says of an error, from the value of the Authorization header to the body.
    """

    def __init__(
        self,
        *script: Any,
        retry_after: Any = None,
        rows: Callable[[Sequence[str]], Any] = shown_letters,
        repeats: Callable[[Any], str] = lambda value: f"no: {value}",
    ) -> None:
        self.script, self.retry_after, self.rows, self.repeats = list(script), retry_after, rows, repeats
        self.requests: list[Any] = []
        self.headers: list[Any] = []
        self._end = threading.Event()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/best"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: Any) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            act = self.script.pop(0) if self.script else 200
            self.requests.append(json.loads(body))
            self.headers.append(dict(handler.headers))
        if act == "close":
            handler.connection.close()
        elif act == "hang":
            self._end.wait()
        elif act == "drip":
            self._head(handler, 200, None)
            self._drip(handler, b"", b" ")
        elif act == "slow headers":
            self._drip(handler, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x")
        elif act == "endless":
            self._head(handler, 200, None)
            self._drip(handler, b"[", b"[" * 2**20, 0)
        elif act == "chunks":
            self._drip(handler, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")
        elif act == "go on":
            self._drip(handler, b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0)
        elif isinstance(act, tuple):
            status, headers, body = act
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            length = len(body) if isinstance(body, bytes) else 0
            handler.wfile.write(f"HTTP/1.1 {status}\r\n{head}Content-Length: {length}\r\n\r\n".encode() + body)
        elif isinstance(act, bytes):
            self._head(handler, 200, len(act))
            handler.wfile.write(act)
        elif act in (200, "garbage", "cut", "few"):
            rows = [
                [{"label": label, "score": score / 100} for label, score in row]
                for row in self.rows(self.requests[-1]["texts"])
            ]
            content = json.dumps({"results": rows[1:] if act == "few" else rows}).encode()
            content = b"<html>not now" if act == "garbage" else content
            self._head(handler, 200, len(content))
            handler.wfile.write(content[: len(content) // 2] if act == "cut" else content)
        else:
            # As careless as servers are: what came is told again.
            content = self.repeats(handler.headers.get("Authorization")).encode()
            self._head(handler, act, len(content))
            handler.wfile.write(content)

    def _drip(self, handler: Any, first: bytes, piece: bytes, pause: float = 0.02) -> None:
        try:
            handler.wfile.write(first)
            while not self._end.wait(pause):
                handler.wfile.write(piece)
                handler.wfile.flush()
        except OSError:
            handler.close_connection = True

    def _head(self, handler: Any, status: int, length: Any) -> None:
        handler.send_response(status, f"status for {handler.headers.get('X-Key', 'nobody')}")
        if length is not None:
            handler.send_header("Content-Length", str(length))
        if status in (301, 302, 307, 308):
            handler.send_header("Location", "http://127.0.0.1:9/elsewhere")
        if self.retry_after is not None:
            handler.send_header("Retry-After", self.retry_after)
        handler.end_headers()
