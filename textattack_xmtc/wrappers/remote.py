"""A model behind HTTP that shows its best labels."""

from __future__ import annotations

import json
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.wrappers.shortlist import ShortlistWrapper
from textattack_xmtc.wrappers.tokens import encodable

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE_S = 120.0
_MOST_BYTES = 2**28
_PIECE = 2**16
_SHOWN_CHARACTERS = 200
_CHANCE = random.Random()  # of its own: the seeds of attacks are not touched
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def body_of(texts: list[str], shown: int) -> Any:
    """What is sent where nobody says otherwise: `{"texts": [...], "top": m}`."""
    return {"texts": texts, "top": shown}


def rows_of(answer: Any) -> Any:
    """Where the rows stand in an answer where nobody says otherwise: `{"results": [...]}`, or the list itself."""
    return answer["results"] if isinstance(answer, dict) else answer


class RemoteWrapper(ShortlistWrapper):
    """A model behind HTTP that answers with its m best labels and their scores.

    A batch of texts is one POST of JSON to `url`. What may pass (no connection, no answer in time, a broken answer,
    the status 408, 425, 429, 500, 502, 503 or 504) is tried again, after a pause that doubles, is drawn at random
    between a half and the whole of that, and is never shorter than the server's Retry-After. Redirects are not
    followed: texts go to the given address only.

    A secret comes from the environment when it is needed. It is kept nowhere, and cut out of everything that is told.

    Args:
        url: the address. What stands behind its "?" is sent, and not told.
        label_names: the names of all labels that it may show, by index.
        scores: what the scores are: "probability", "logit" or any other "score".
        shown: how many labels it shows of a text (m).
        floor: as in `ShortlistWrapper`.
        token: the name of an environment variable; its value goes into the header `Authorization: Bearer ...`.
        headers: further headers, each with the name of the environment variable that holds its value.
        body: what is sent for n texts and m, as JSON holds it.
        rows: where the n rows stand in the answer, each in one of the forms that `ShortlistWrapper` takes.
        attempts: how often a batch is tried.
        pause_s: the first pause, in seconds.
        answer_s: seconds after which an answer is given up.
        requests_per_s: how many requests are started a second, at most; no limit where it is None.
        name: what the victim is, for people; the address's host where it is None.
        mask: the word that hides another one from this victim.
        batch_size: how many texts go into one request.

    Raises:
        InputError: an address that is none, holds a password, or would send a secret in the clear; as
            `ShortlistWrapper`. When it is asked: an environment variable that is not there.
        VictimError: when it is asked: the server refuses, or has not answered after all attempts.

    Example:
        ::

            model = RemoteWrapper("https://tagger.example.org/v1/best", names, shown=20, token="TAGGER_TOKEN")
    """

    def __init__(
        self,
        url: str,
        label_names: Sequence[str],
        scores: ScoreKind = "probability",
        *,
        shown: int,
        floor: float | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        body: Callable[[list[str], int], Any] = body_of,
        rows: Callable[[Any], Any] = rows_of,
        attempts: int = 6,
        pause_s: float = 0.5,
        answer_s: float = 60.0,
        requests_per_s: float | None = None,
        name: str | None = None,
        mask: str = "[MASK]",
        batch_size: int = 32,
    ) -> None:
        parts = _checked(url, bool(token or headers))
        for option, value in (("attempts", attempts), ("answer_s", answer_s), ("requests_per_s", requests_per_s)):
            if value is not None and not value > 0:
                raise InputError(f"{option}={value} is not above 0", "choose a number above 0")
        super().__init__(
            None,
            scores,
            label_names,
            shown=shown,
            floor=floor,
            name=name or f"remote {parts.hostname}",
            mask=mask,
            batch_size=batch_size,
        )
        self._url, self._token, self._headers = url, token, dict(headers or {})
        self._told_url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._body, self._rows = body, rows
        self._attempts, self._pause_s, self._answer_s = attempts, pause_s, answer_s
        self._pace = Pace(requests_per_s)

    def _best(self, texts: list[str]) -> Any:
        content = json.dumps(self._body([encodable(text) for text in texts], self.shown or 1)).encode("ascii")
        secrets = self._secrets()
        answer = self._answered(content, secrets)
        try:
            return self._rows(answer)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            told = _without(secrets, repr(answer))[:_SHOWN_CHARACTERS]
            raise VictimError(
                f"{self._told_url} answered with {told}, where the results are not found ({type(error).__name__})",
                "say with rows=... where they stand",
            ) from None

    def _answered(self, content: bytes, secrets: dict[str, str]) -> Any:
        told = "nothing"
        for attempt in range(self._attempts):
            self._pace.wait()
            least = 0.0
            try:
                return json.loads(self._sent(content, secrets))
            except VictimError:
                raise
            except urllib.error.HTTPError as error:
                told = _without(secrets, f"status {error.code} ({_text_of(error) or error.msg})")
                if error.code not in _AGAIN:
                    raise VictimError(
                        f"{self._told_url} refused {len(content):,} bytes: {told}", _fix_of(error.code)
                    ) from None
                least = _retry_after(error.headers.get("Retry-After"))
            except (OSError, HTTPException, ValueError) as error:
                # No connection, or one that broke off; an answer that came too late; or one that is no JSON.
                told = _without(secrets, f"{type(error).__name__}: {error}")
            if attempt + 1 < self._attempts:
                longest = min(self._pause_s * 2**attempt, _LONGEST_PAUSE_S)
                # Several clients that failed together must not come back together.
                self._pace.sleep(max(min(least, _LONGEST_PAUSE_S), longest * _CHANCE.uniform(0.5, 1)))
        # None of the causes is chained: they hold the request, and with it the secret.
        raise VictimError(
            f"{self._told_url} gave no answer in {self._attempts} attempts; the last one: {told}",
            "see that it runs; attempts, pause_s and answer_s give it more time",
        )

    def _sent(self, content: bytes, secrets: dict[str, str]) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **secrets}
        request = urllib.request.Request(self._url, content, headers, method="POST")
        late = time.monotonic() + self._answer_s
        with _OPENER.open(request, timeout=self._answer_s) as answer:
            pieces: list[bytes] = []
            while piece := answer.read1(_PIECE):
                pieces.append(piece)
                if time.monotonic() > late:  # a socket's time-out starts anew with every byte
                    raise TimeoutError(f"not all of the answer was there after {self._answer_s:g} seconds")
                if sum(map(len, pieces)) > _MOST_BYTES:
                    raise VictimError(f"{self._told_url} answers with more than {_MOST_BYTES:,} bytes", "lower shown")
            received = b"".join(pieces)
            length = answer.headers.get("Content-Length")
            if length is not None and length.isdecimal() and len(received) < int(length):
                raise ConnectionError(f"the answer broke off after {len(received):,} of {length} bytes")
            return received

    def _secrets(self) -> dict[str, str]:
        """Headers with what the environment says now."""
        wanted = {**({"Authorization": self._token} if self._token else {}), **self._headers}
        missing = [variable for variable in wanted.values() if not os.environ.get(variable)]
        if missing:
            raise InputError(
                f"{self.name} needs the environment variable {missing[0]}, which is not set",
                f"export {missing[0]}=... before the command",
            )
        found = {header: os.environ[variable].strip() for header, variable in wanted.items()}
        if self._token:
            found["Authorization"] = "Bearer " + found["Authorization"]
        for header, value in found.items():
            if not value.isascii() or not value.isprintable():
                raise InputError(
                    f"the environment variable {wanted[header]} holds characters that no header takes", "correct it"
                )
        return found


class Pace:
    """No more than so many starts a second.

    Args:
        per_second: the limit; none where it is None.
        clock: seconds that never go back.
        sleep: waits for so many seconds.

    Example:
        >>> waits = []
        >>> pace = Pace(2.0, clock=lambda: 0.0, sleep=waits.append)
        >>> pace.wait(), pace.wait(), waits
        (None, None, [0.5])
    """

    def __init__(
        self,
        per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._between = 0.0 if per_second is None else 1.0 / per_second
        self._clock, self.sleep = clock, sleep
        self._next = -float("inf")

    def wait(self) -> None:
        """Return when the next one may start."""
        now = self._clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + self._between


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def _checked(url: str, secret: bool) -> urllib.parse.SplitResult:
    """The parts of an address that may be used. What is wrong with it is said without the address: it may hold more."""
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(
            "the address of a remote victim is not http:// or https:// and a host", "give the address it answers at"
        )
    if "@" in parts.netloc:
        raise InputError(
            f"the address of {parts.hostname} holds a user name or password",
            "put the secret into an environment variable and name that with token=... or headers=...",
        )
    if secret and parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise InputError(f"the secret for {parts.hostname} would travel in the clear", "use https")
    return parts


def _without(secrets: dict[str, str], told: str) -> str:
    for value in secrets.values():
        for part in (value, value.removeprefix("Bearer ")):
            told = told.replace(part, "[secret]")
    return told


def _text_of(error: urllib.error.HTTPError) -> str:
    """The beginning of what the server says of an error."""
    try:
        with error:
            text = error.read(_PIECE).decode("utf-8", "replace")
    except (OSError, HTTPException):
        return ""
    return " ".join(text.split())[:_SHOWN_CHARACTERS]


def _fix_of(status: int) -> str:
    if status in (401, 403):
        return "see what the environment variable named by token or headers holds"
    if status == 413:
        return "lower batch_size"
    return "give the address that answers" if 300 <= status < 400 else "see what it expects: body=... makes the request"


def _retry_after(value: str | None) -> float:
    """Seconds to wait, from a number or a date; 0 where there is neither."""
    if value is None:
        return 0.0
    try:
        return float(value) if value.strip().isdecimal() else parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return 0.0
