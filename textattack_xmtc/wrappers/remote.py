"""A model behind HTTP that shows its best labels."""

from __future__ import annotations

import json
import os
import random
import time
import urllib.parse
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, Unpack

from textattack_xmtc.datasets.readers.lines import JSON
from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.redaction import Redactor
from textattack_xmtc.scores import ScoreKind, check_count
from textattack_xmtc.wrappers.base import VictimOptions
from textattack_xmtc.wrappers.http import Reply, ask_once
from textattack_xmtc.wrappers.shortlist import ShortlistWrapper
from textattack_xmtc.wrappers.tokens import encodable

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHOWN_CHARACTERS = 200
_SECRET_CHARACTERS = 6  # shorter values in an address are numbers of versions and the like
_rng = random.Random()  # of its own: the seeds of attacks are not touched
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def body_of(texts: list[str], shown: int) -> Any:
    """What is sent where nobody says otherwise: `{"texts": [...], "top": m}`."""
    return {"texts": texts, "top": shown}


def rows_of(answer: Any) -> Any:
    """Where the rows stand in an answer where nobody says otherwise: `{"results": [...]}`, or the list itself."""
    return answer["results"] if isinstance(answer, dict) else answer


class _TransientError(Exception):
    """A failure that may pass: what was said, without secrets, and how many seconds the server asks to wait."""

    def __init__(self, reason: str, least_s: float = 0.0) -> None:
        super().__init__(reason)
        self.least_s = least_s


class RemoteWrapper(ShortlistWrapper):
    """A model behind HTTP that answers with its m best labels and their scores.

    A batch of texts is one POST of JSON to `url`. What may pass (no connection, no answer in time, a broken answer,
    the status 408, 425, 429, 500, 502, 503 or 504) is tried again, after a pause that doubles, is drawn at random
    between a half and the whole of that, and is never shorter than the server's Retry-After; where that is longer than
    `longest_pause_s`, the attack ends at once. Redirects are not followed: texts go to the given address only.

    A secret comes from the environment when it is needed. It is kept nowhere, and removed from everything that is told
    (`textattack_xmtc.redaction`).

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
        longest_pause_s: no pause is longer, in seconds.
        answer_s: seconds after which an attempt is given up, from looking up the address to the last byte.
        requests_per_s: how many requests are started a second, at most; no limit where it is None.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says; the name is by default the address's host.

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
        label_names: LabelNames,
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
        longest_pause_s: float = 120.0,
        answer_s: float = 60.0,
        requests_per_s: float | None = None,
        **options: Unpack[VictimOptions],
    ) -> None:
        parts = _checked(url, bool(token or headers))
        check_count("attempts", attempts)
        for option, value in (("answer_s", answer_s), ("requests_per_s", requests_per_s)):
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"invalid {option}={value}: must be above 0", "choose a number above 0")
        options["name"] = options.get("name") or f"remote {parts.hostname}"
        super().__init__(None, scores, label_names, shown=shown, floor=floor, **options)
        self._url, self._token, self._headers = url, token, dict(headers or {})
        self._shown_url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._body, self._rows = body, rows
        self._attempts, self._answer_s = attempts, answer_s
        self._pause_s, self._longest_pause_s = pause_s, longest_pause_s
        self._pace = Pace(requests_per_s)

    def _best(self, texts: list[str]) -> Any:
        content = json.dumps(self._body([encodable(text) for text in texts], self.shown or 1)).encode("ascii")
        answer = self._answered(content)
        try:
            return self._rows(answer)
        except Exception as error:  # whatever a function of the user's says of such an answer
            kind = type(error).__name__
        raise VictimError(
            f"{self._shown_url} answered with {self._quoted(answer)}, where the results are not found ({kind})",
            "say with rows=... where they stand",
        )

    def _quoted(self, value: Any) -> str:
        try:
            text = repr(value)
        except RecursionError:
            text = f"a deeply nested {type(value).__name__}"
        return self._redactor(self._secrets()).shorten(text, _SHOWN_CHARACTERS)

    def _answered(self, content: bytes | None, url: str | None = None) -> Any:
        """What the server answers to a POST of `content`, or to a GET where that is None."""
        from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt

        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=self._pause,
            retry=retry_if_exception_type(_TransientError),
            sleep=lambda seconds: self._pace.sleep(seconds),
        )
        try:
            return retrying(self._attempt, url or self._url, content)
        except RetryError as error:
            reason = str(error.last_attempt.exception())
        raise VictimError(
            f"{self._shown_url} gave no answer in {self._attempts} attempts; the last one: {reason}",
            "see that it runs; attempts, pause_s and answer_s give it more time",
        )

    def _pause(self, state: Any) -> float:
        """Seconds until the next attempt."""
        longest = min(self._pause_s * 2 ** min(state.attempt_number - 1, 30), self._longest_pause_s)
        # Several clients that failed together must not come back together.
        return float(max(state.outcome.exception().least_s, longest * _rng.uniform(0.5, 1)))

    def _attempt(self, url: str, content: bytes | None) -> Any:
        """One request, and what its answer holds. What fails is told without its cause: that holds the secret.

        Raises:
            VictimError: what will not pass.
            _TransientError: what may pass.
        """
        secrets = self._secrets()
        redactor = self._redactor(secrets)
        headers = {"Content-Type": "application/json", "Accept": "application/json", **secrets}
        self._pace.wait()
        try:
            reply = ask_once(url, content, headers, self._answer_s)
        except VictimError as error:
            failure: Exception | None = VictimError(f"{self._shown_url} {error.problem}", error.fix)
        except Exception as error:  # httpx, the machine's sockets, and whatever stands between
            failure = _TransientError(redactor.shorten(f"{type(error).__name__}: {error}", _SHOWN_CHARACTERS))
        else:
            failure = None
        if failure is not None:
            raise failure
        if not 200 <= reply.status < 300:
            reason = redactor.shorten(f"status {reply.status} ({reply.text() or reply.reason})", _SHOWN_CHARACTERS)
            if reply.status not in _AGAIN:
                raise VictimError(
                    f"{self._shown_url} refused {len(content or b''):,} bytes: {reason}", self._fix_of(reply.status)
                )
            raise _TransientError(reason, self._least_pause(reply, reason))
        return self._read_json(reply, redactor)

    def _fix_of(self, status: int) -> str:
        """What to do where the server refuses with this status."""
        if status in (401, 403):
            return "see what the environment variable named by token or headers holds"
        if status == 413:
            return "lower batch_size"
        moved = 300 <= status < 400
        return "give the address that answers" if moved else "see what it expects: body=... makes the request"

    def _least_pause(self, reply: Reply, reason: str) -> float:
        least = _retry_after(reply.retry_after)
        if least > self._longest_pause_s:
            raise VictimError(
                f"{self._shown_url} asks to wait {least:,.0f} seconds, longer than longest_pause_s="
                f"{self._longest_pause_s:g}: {reason}",
                "ask again later, or raise longest_pause_s",
            )
        return least

    def _read_json(self, reply: Reply, redactor: Redactor) -> Any:
        try:
            return JSON.decode(reply.body.decode(json.detect_encoding(reply.body)))
        except RecursionError:
            reason = ""
        except ValueError as error:
            reason = redactor.shorten(f"{type(error).__name__}: {error}", _SHOWN_CHARACTERS)
        if reason:
            raise _TransientError(reason)
        raise VictimError(
            f"{self._shown_url} answered with JSON that is nested too deeply ({len(reply.body):,} bytes)",
            "see what answers at this address",
        )

    def _redactor(self, secrets: dict[str, str]) -> Redactor:
        """Removes what the headers hold, and what stands behind the address's "?"."""
        query = urllib.parse.urlsplit(self._url).query
        values = [value for _, value in urllib.parse.parse_qsl(query)]
        tokens = [value.removeprefix("Bearer ") for value in secrets.values()]
        return Redactor([*tokens, *(value for value in [query, *values] if len(value) >= _SECRET_CHARACTERS)])

    def _secrets(self) -> dict[str, str]:
        """Headers with what the environment says now."""
        wanted = {**({"Authorization": self._token} if self._token else {}), **self._headers}
        missing = [variable for variable in wanted.values() if not os.environ.get(variable)]
        if missing:
            raise InputError(
                f"{self.name} needs the environment variable {missing[0]}, which is not set",
                f"export {missing[0]}=... before the command",
            )
        values = {header: os.environ[variable].strip() for header, variable in wanted.items()}
        if self._token:
            values["Authorization"] = "Bearer " + values["Authorization"]
        for header, value in values.items():
            if not value.isascii() or not value.isprintable():
                raise InputError(
                    f"the environment variable {wanted[header]} holds characters that no header takes", "correct it"
                )
        return values


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


def _retry_after(value: str | None) -> float:
    """Seconds to wait, from a number or a date; 0 where there is neither.

    Example:
        >>> _retry_after("7"), _retry_after("soon"), _retry_after("Fri, 01 Jan 2021 00:00:00 GMT")
        (7.0, 0.0, 0.0)
    """
    if value is None:
        return 0.0
    try:
        if value.strip().isdecimal():
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
