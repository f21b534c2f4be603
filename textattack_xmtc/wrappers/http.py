"""One request over HTTP: no redirects, a bounded answer, and one deadline for all of it."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from textattack_xmtc.errors import VictimError
from textattack_xmtc.hubs import answered

MOST_BYTES = 2**28
_SHOWN_BYTES = 2**16  # of what stands in an answer that is none
_ENCODINGS = ("gzip", "deflate", "identity", "")  # one at a time: a few bytes packed several times fill any memory
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
_thread = threading.local()


@dataclass(frozen=True)
class Reply:
    """What a server answered; of an error, `body` has only the first bytes."""

    status: int
    reason: str
    retry_after: str | None
    body: bytes

    def text(self) -> str:
        """The body as text on one line."""
        return " ".join(self.body.decode("utf-8", "replace").split())


def ask_once(url: str, content: bytes | None, headers: Mapping[str, str], seconds: float) -> Reply:
    """Send one POST, or one GET, and read the answer.

    Args:
        url: where to. Redirects are not followed.
        content: the body of a POST; None sends a GET.
        headers: further headers; neither they nor the answer's are logged.
        seconds: after these, the attempt is given up, wherever it is. Time-outs of a socket start anew with every byte.

    Raises:
        VictimError: the answer is too large, or packed in a way that was not asked for.
        TimeoutError: not all of it was there in time.
        httpx.HTTPError, httpx.InvalidURL, OSError: no connection, or one that broke off.
    """
    import httpx

    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_not_of_a_request)  # once, however often: the filter is the same
    sent = {"Accept-Encoding": ", ".join(_ENCODINGS[:2]), **headers}
    sockets: list[socket.socket] = []
    method = "GET" if content is None else "POST"

    def note_socket(event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            sockets.append(info["return_value"].get_extra_info("socket").dup())

    def ask() -> Reply:
        _thread.asks = True
        with (
            httpx.Client(verify=_tls(), timeout=seconds, follow_redirects=False) as client,
            client.stream(method, url, content=content, headers=sent, extensions={"trace": note_socket}) as answer,
        ):
            good = answer.is_success
            received = bytearray()
            readable = answer.headers.get("Content-Encoding", "").strip().lower() in _ENCODINGS
            if good and not readable:
                raise VictimError(
                    "packs its answer in a way that was not asked for (Content-Encoding)",
                    f"have it answer with {_ENCODINGS[0]}, {_ENCODINGS[1]} or plain JSON",
                )
            for piece in answer.iter_bytes() if readable else ():
                received += piece
                if good and len(received) > MOST_BYTES:
                    raise VictimError(f"answers with more than {MOST_BYTES:,} bytes", "lower shown or batch_size")
                if not good and len(received) > _SHOWN_BYTES:
                    break
            retry_after = answer.headers.get("Retry-After")
            return Reply(answer.status_code, answer.reason_phrase, retry_after, bytes(received))

    try:
        return answered(ask, seconds)
    finally:
        for connected in sockets:
            try:
                connected.shutdown(socket.SHUT_RDWR)  # ends a thread that still reads
            except OSError:
                pass
            connected.close()


def _not_of_a_request(_: logging.LogRecord) -> bool:
    """Keep what httpx and httpcore log of a request out: addresses and headers hold secrets."""
    return not getattr(_thread, "asks", False)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than a request."""
    import httpx

    return httpx.create_ssl_context()
