"""A model behind HTTP, asked through a real server that fails on purpose."""

from __future__ import annotations

import base64
import gzip
import html
import json
import logging
import pickle
import threading
import time
import traceback
import urllib.parse
import zlib
from email.utils import formatdate
from typing import Any

import numpy as np
import pytest

from tests.toolkit.every_victim import TEXTS, letter_counts
from tests.toolkit.failing_server import FailingServer
from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.wrappers import RemoteWrapper
from textattack_xmtc.wrappers.remote import Pace

NAMES = list("aeiotg")
SECRET = "a-very-secret-token"


def remote(server: FailingServer, **options: Any) -> RemoteWrapper:
    return RemoteWrapper(server.url, NAMES, **{"shown": 6, "pause_s": 0.001, "answer_s": 20.0, **options})


def noting(victim: RemoteWrapper) -> list[Any]:
    """Its pauses, which are noted and not made."""
    pauses: list[float] = []
    victim._pace.sleep = pauses.append
    return pauses


def test_batches_come_back_in_order() -> None:
    with FailingServer() as server:
        victim = remote(server, batch_size=3)
        np.testing.assert_allclose(victim(TEXTS), letter_counts(TEXTS) / 100, atol=1e-6)
        assert [len(request["texts"]) for request in server.requests] == [3, 3, 1]
        assert all(request["top"] == 6 for request in server.requests)
        victim.top_k(TEXTS, 2), victim.score(TEXTS[:2], [0])
        assert len(server.requests) == 3  # nothing is asked twice


@pytest.mark.parametrize("act", [408, 425, 429, 500, 502, 503, 504, "garbage", "cut", "close"])
def test_what_may_pass_is_tried_again(act: int | str) -> None:
    with FailingServer(act, act) as server:
        victim = remote(server)
        pauses = noting(victim)
        assert victim.score(["egg"], [1, 5])[0] == pytest.approx([0.01, 0.02])
        assert len(server.requests) == 3
        assert 0.0005 <= pauses[0] <= 0.001 and 0.001 <= pauses[1] <= 0.002


@pytest.mark.parametrize("act", ["hang", "drip", "slow headers", "chunks", "go on"])
def test_an_answer_that_does_not_come_is_given_up(act: str) -> None:
    before = set(threading.enumerate())
    with FailingServer(act) as server:
        assert remote(server, answer_s=1.0, attempts=20).score(["egg"], [1])[0, 0] == pytest.approx(0.01)
        assert len(server.requests) >= 2
    with FailingServer(act) as server:
        with pytest.raises(VictimError, match=r"no answer in 1 attempts; the last one: (TimeoutError|ReadTimeout)"):
            remote(server, answer_s=0.3, attempts=1).score(["egg"], [1])
        for thread in set(threading.enumerate()) - before:
            if thread.name == "xmtc-request":
                thread.join(10)
                assert not thread.is_alive(), "an attempt that was given up goes on"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[" * 100_000, r"nested too deeply \(100,000 bytes\)"),
        (b'{"results":' * 50_000, "nested too deeply"),
        (b'{"results": [' + b"[" * 900 + b"]" * 900 + b"]}", "which is no list of labels with scores"),
        (b'{"results": [[["e", 1' + b"0" * 400 + b"]]]}", r"no list of labels with scores \(OverflowError\)"),
        (b'{"results": [[["e", 1e400]]]}', "shows a score of inf"),
        (b'{"results": [[["e", 1e39]]]}', "shows a score of inf"),
        (b'{"results": [[["e", NaN]]]}', "shows a score of nan"),
        (b'{"results": [[["e", -Infinity]]]}', "shows a score of -inf"),
        (b'{"results": [[["e", "0.5"]]]}', "no list of labels with scores"),
        (b'{"results": [[["e", null]]]}', "no list of labels with scores"),
        (b'{"results": [[["e", true]]]}', "no list of labels with scores"),
        (b'{"results": [[["e", [0.5]]]]}', "no list of labels with scores"),
        (b'{"results": [[["e", {}]]]}', "no list of labels with scores"),
        (b'{"results": [[[["e"], 0.5]]]}', "that is not one of its 6"),
        (b'{"results": [[[{}, 0.5]]]}', "that is not one of its 6"),
        (b'{"results": [[["e", 2]]]}', "declares probabilities"),
        (b'{"results": "no"}', "gave a str for 1 texts"),
        (b'{"results": null}', "gave a NoneType for 1 texts"),
        (b'{"result": []}', r"the results are not found \(KeyError\)"),
        (b"null", "gave a NoneType for 1 texts"),
        (b"7", "gave a int for 1 texts"),
        (b"", "gave no answer in 2 attempts; the last one: JSONDecodeError"),
        (b'"\xff"', "gave no answer in 2 attempts; the last one: UnicodeDecodeError"),
        (b'{"results": [[["e", 1' + b"0" * 5000 + b"]]]}", "gave no answer in 2 attempts; the last one: ValueError"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_answers_that_are_none(body: bytes, message: str) -> None:
    with FailingServer(body, body) as server, pytest.raises(VictimError, match=message):
        remote(server, attempts=2).top_k(["egg"], 1)


GOOD = b'{"results": [[["e", 0.5]]]}'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "gzip"}, gzip.compress(GOOD)),
        ({"Content-Encoding": "GZIP"}, gzip.compress(GOOD)),
        ({"Content-Encoding": "deflate"}, zlib.compress(GOOD)),
        ({"Content-Encoding": "identity"}, GOOD),
        ({"Content-Type": "application/json; charset=utf-16"}, GOOD.decode().encode("utf-16")),
        ({"Content-Type": "text/html; charset=banana"}, b"\xef\xbb\xbf" + GOOD),
        ({}, b" " * 100_000 + GOOD),
    ],
    ids=["gzip", "GZIP", "deflate", "identity", "utf-16", "mark", "blanks"],
)
def test_answers_as_servers_write_them(headers: Any, body: Any) -> None:
    with FailingServer(("200 OK", headers, body)) as server:
        assert remote(server, attempts=1).score(["egg"], [1])[0, 0] == 0.5
        assert server.headers[0]["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip, gzip, gzip", "x-banana", "identity, br"])
def test_an_answer_that_is_packed_in_another_way(encoding: Any) -> None:
    bomb = gzip.compress(gzip.compress(gzip.compress(b" " * 2**24 + GOOD)))
    with FailingServer(("200 OK", {"Content-Encoding": encoding}, bomb)) as server:
        with pytest.raises(VictimError, match=r"packs its answer in a way that was not asked for .*; have it answer"):
            remote(server).score(["egg"], [1])
        assert len(server.requests) == 1
    with (
        FailingServer(("403 no", {"Content-Encoding": encoding}, bomb)) as server,
        pytest.raises(VictimError, match=r"refused .* bytes: status 403 \(no\); see what the environment"),
    ):
        remote(server).score(["egg"], [1])


@pytest.mark.parametrize(
    "body",
    [gzip.compress(GOOD)[:-12], GOOD, b"", gzip.compress(GOOD[:-2])],
    ids=["cut off", "not packed", "nothing", "half an answer"],
)
def test_a_damaged_packing_may_pass(body: Any) -> None:
    act = ("200 OK", {"Content-Encoding": "gzip"}, body)
    with FailingServer(act, act) as server:
        assert remote(server).score(["egg"], [1])[0, 0] == pytest.approx(0.01)
        assert len(server.requests) == 3


def test_a_packed_answer_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textattack_xmtc.wrappers.http.MOST_BYTES", 2**22)
    act = ("200 OK", {"Content-Encoding": "gzip"}, gzip.compress(b" " * 2**26))
    with FailingServer(act) as server, pytest.raises(VictimError, match="answers with more than 4,194,304 bytes"):
        remote(server).score(["egg"], [1])


def test_an_answer_with_a_label_twice() -> None:
    body = b'{"results": [{"e": 0.5, "e": 0.9}]}'
    with FailingServer(body) as server, pytest.raises(VictimError, match=r"the key \'e\' stands twice"):
        remote(server, attempts=1).score(["egg"], [1])


def test_an_answer_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textattack_xmtc.wrappers.http.MOST_BYTES", 2**22)
    with FailingServer("endless") as server:
        with pytest.raises(VictimError, match=r"/v1/best answers with more than 4,194,304 bytes; lower shown"):
            remote(server).score(["egg"], [1])
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("act", "fix"),
    [
        (400, "body=... makes the request"),
        (401, "see what the environment variable"),
        (404, "see what it expects"),
        (413, "lower batch_size"),
        (307, "give the address that answers"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(act: int, fix: str) -> None:
    with FailingServer(act) as server:
        with pytest.raises(VictimError, match=f"refused .* bytes: status {act} .*; .*{fix}"):
            remote(server).score(["egg"], [1])
        assert len(server.requests) == 1


def test_the_last_failure_is_told() -> None:
    with FailingServer(503, 500, "garbage", 429) as server:
        with pytest.raises(VictimError, match="/v1/best gave no answer in 4 attempts; the last one: status 429"):
            remote(server, attempts=4).score(["egg"], [1])
        assert len(server.requests) == 4
    with pytest.raises(VictimError, match=r"gave no answer in 2 attempts; the last one: ConnectError: .*refused"):
        remote(server, attempts=2).score(["egg"], [1])  # the server is gone


def test_what_was_answered_before_a_failure_is_kept() -> None:
    with FailingServer(200, 400) as server:
        victim = remote(server, batch_size=2)
        with pytest.raises(VictimError):
            victim.score(TEXTS[:4], [1])
        victim.score(TEXTS[:4], [1])
        assert [request["texts"] for request in server.requests] == [TEXTS[:2], TEXTS[2:4], TEXTS[2:4]]


def test_the_server_says_how_long_to_wait() -> None:
    for printed, least, most in [("7", 7, 7), ("0", 0, 0.001), ("120", 120, 120), ("soon", 0, 0.001), ("-5", 0, 0.001)]:
        with FailingServer(503, retry_after=printed) as server:
            victim = remote(server)
            pauses = noting(victim)
            victim.score(["egg"], [1])
            assert least <= pauses[0] <= most
    with FailingServer(429, retry_after=formatdate(time.time() + 60, usegmt=True)) as server:
        victim = remote(server)
        pauses = noting(victim)
        victim.score(["egg"], [1])
        assert 1 < pauses[0] <= 60


@pytest.mark.parametrize("retry_after", ["31536000", "121", "9" * 400, "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_pause_that_is_too_long_ends_the_attack_at_once(retry_after: str) -> None:
    with FailingServer(503, retry_after=retry_after) as server:
        victim = remote(server)
        pauses = noting(victim)
        with pytest.raises(VictimError, match=r"asks to wait .* seconds, longer than longest_pause_s=120: status 503"):
            victim.score(["egg"], [1])
        assert not pauses and len(server.requests) == 1
    with FailingServer(503, retry_after="121") as server:
        victim = remote(server, longest_pause_s=200.0)
        pauses = noting(victim)
        victim.score(["egg"], [1])
        assert pauses == [121]


def test_pauses_double_up_to_a_limit() -> None:
    with FailingServer(*[500] * 11) as server:
        victim = remote(server, attempts=12, pause_s=1.0)
        pauses = noting(victim)
        victim.score(["egg"], [1])
    for attempt, pause in enumerate(pauses):
        longest = min(2.0**attempt, 120.0)
        assert longest / 2 <= pause <= longest


def test_a_rate_is_kept() -> None:
    now, waits = [100.0], []

    def sleep(seconds: Any) -> None:
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(4.0, lambda: now[0], sleep)
    for _ in range(3):
        pace.wait()
    assert waits == [0.25, 0.25]
    now[0] += 10
    pace.wait()
    assert waits == [0.25, 0.25]  # time that passed is not saved up
    pace.wait()
    assert waits == [0.25, 0.25, 0.25]


def test_every_attempt_counts_for_the_rate() -> None:
    with FailingServer(500, 500) as server:
        victim = remote(server, requests_per_s=1000.0)
        starts = []
        wait, victim._pace.wait = victim._pace.wait, lambda: (starts.append(1), wait())
        victim.score(["egg"], [1])
        assert len(starts) == len(server.requests) == 3


def test_another_form_of_request_and_answer() -> None:
    with FailingServer() as server:
        victim = remote(
            server,
            body=lambda texts, shown: {"texts": texts, "how_many": shown},
            rows=lambda answer: [[(entry["label"], entry["score"] * 2) for entry in row] for row in answer["results"]],
        )
        assert victim.score(["egg"], [5])[0, 0] == pytest.approx(0.04)
        assert server.requests[0]["how_many"] == 6


def test_answers_that_are_no_results() -> None:
    with (
        FailingServer() as server,
        pytest.raises(VictimError, match=r"results are not found \(KeyError\); say with rows="),
    ):
        remote(server, rows=lambda answer: answer["data"]).score(["egg"], [1])
    with FailingServer("few") as server, pytest.raises(VictimError, match="gave 1 answers for 2 texts"):
        remote(server).score(["egg", "water"], [1])


def test_texts_that_are_no_utf_8_can_be_sent() -> None:
    with FailingServer() as server:
        assert remote(server).score(["egg \ud83e 🥚"], [1])[0, 0] == pytest.approx(0.01)
        assert server.requests[0]["texts"] == ["egg ? 🥚"]


# Secrets --------------------------------------------------------------------------------------------------------------


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_TOKEN", SECRET + "\n")
    monkeypatch.setenv("TAGGER_KEY", "another")
    with FailingServer() as server:
        remote(server, token="TAGGER_TOKEN", headers={"X-Key": "TAGGER_KEY"}).score(["egg"], [1])
        assert server.headers[0]["Authorization"] == f"Bearer {SECRET}" and server.headers[0]["X-Key"] == "another"


@pytest.mark.parametrize("script", [(401,), (503, 503), ("garbage", 500)])
def test_a_secret_is_told_nowhere(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    script: tuple[Any, ...],
) -> None:
    monkeypatch.setenv("TAGGER_TOKEN", SECRET)
    monkeypatch.setenv("TAGGER_KEY", "a-key-as-secret")
    with FailingServer(*script) as server:
        server.url += "?key=in-the-query"
        victim = remote(server, token="TAGGER_TOKEN", headers={"X-Key": "TAGGER_KEY"}, attempts=2)
        with pytest.raises(VictimError) as raised:
            victim.score(["egg"], [1])
    printed = "".join(traceback.format_exception(raised.value))
    printed += caplog.text + "".join(capfd.readouterr()) + repr(victim) + victim.name
    printed += repr(pickle.dumps(raised.value)) + repr({**victim.__dict__, "_url": None})
    assert "[secret]" in printed
    for secret in (SECRET, "a-key-as-secret", "in-the-query"):
        assert secret not in printed
    assert SECRET.encode() not in pickle.dumps(victim)


ECHOES = {
    "plain": str,
    "after 185 characters": lambda value: "." * 185 + value,
    "after 195 characters": lambda value: "." * 195 + value,
    "URL": lambda value: urllib.parse.quote(value, safe=""),
    "JSON": lambda value: json.dumps({"error": "".join(f"\\u{ord(letter):04x}" for letter in value)}),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"Authorization": value})),
    "HTML": lambda value: "".join(f"&#{ord(letter)};" for letter in value),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 after 190 characters": lambda value: "." * 190 + base64.b64encode(f"x{value}".encode()).decode(),
    "upper case": str.upper,
    "hexadecimal": lambda value: value.encode().hex(),
    "over lines": lambda value: "\n".join(value),
    "an HTML page": lambda value: f"<html><body><pre>{html.escape(value)}</pre>" * 20,
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("place", ["error", "label", "score", "results", "garbage"])
def test_a_server_that_repeats_the_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, echo: str, place: str
) -> None:
    caplog.set_level(logging.DEBUG)
    token = "Zq9-Xv7/Kp3+Lm5"
    monkeypatch.setenv("TAGGER_TOKEN", token)
    echoed = ECHOES[echo](f"Bearer {token}")
    script = {
        "error": 401,
        "label": json.dumps({"results": [[[echoed, 0.5]]]}).encode(),
        "score": json.dumps({"results": [[["e", echoed]]]}).encode(),
        "results": json.dumps({echoed: []}).encode(),
        "garbage": f"not JSON {echoed}".encode(),
    }[place]
    with FailingServer(script, repeats=lambda value: ECHOES[echo](value)) as server:
        with pytest.raises(VictimError) as raised:
            remote(server, token="TAGGER_TOKEN", attempts=1).score(["egg"], [1])
        assert server.headers[0]["Authorization"] == f"Bearer {token}"
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    plain = "".join(filter(str.isalnum, urllib.parse.unquote(html.unescape(shown)))).lower()
    windows = ["Zq9Xv7Kp3Lm5"[start : start + 4].lower() for start in range(9)]
    assert not [window for window in windows if window in plain]
    for encoded in (base64.b64encode(token.encode()).decode()[2:-4], token.encode().hex()[:8]):
        assert encoded not in shown


@pytest.mark.parametrize(
    "place", ["reason", "header", "name of a header", "Retry-After", "Location", "encoding", "no header"]
)
@pytest.mark.parametrize("status", [200, 303, 401, 503])
def test_a_server_that_repeats_the_secret_beside_the_body(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, status: int, place: str
) -> None:
    caplog.set_level(logging.DEBUG)
    token = "Zq9-Xv7/Kp3+Lm5"
    monkeypatch.setenv("TAGGER_TOKEN", token)
    headers = {
        "header": {"WWW-Authenticate": f"Bearer error={token}"},
        "name of a header": {f"X-{token}": "a"},
        "no header": {"X": f"a\0{token}"},
        "encoding": {"Content-Encoding": token},
    }.get(place, {place: token} if place != "reason" else {})
    act = (f"{status} {token if place == 'reason' else 'no'}", headers, b"{}" if status == 200 else b"")
    with FailingServer(act, act) as server, pytest.raises(VictimError) as raised:
        remote(server, token="TAGGER_TOKEN", attempts=2).score(["egg"], [1])
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert not [part for part in ("zq9", "xv7", "kp3", "lm5") if part in shown.lower()]


def test_nothing_of_a_request_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TAGGER_TOKEN", SECRET)
    with FailingServer(401) as server, pytest.raises(VictimError):
        server.url += "?key=in-the-query"
        remote(server, token="TAGGER_TOKEN").score(["egg"], [1])
    assert SECRET not in caplog.text and "in-the-query" not in caplog.text and "httpx" not in caplog.text


def test_what_stands_in_the_address_is_removed_too() -> None:
    with FailingServer(400, repeats=lambda _: "unknown key=in-the-query") as server:
        server.url += "?key=in-the-query&v=1"
        with pytest.raises(VictimError, match=r"unknown .*\[secret\]") as raised:
            remote(server).score(["egg"], [1])
        assert "in-the-query" not in str(raised.value)


def test_an_answer_that_repeats_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_TOKEN", "egg")
    with FailingServer() as server, pytest.raises(VictimError) as raised:
        remote(server, token="TAGGER_TOKEN", rows=lambda answer: {}["egg"]).score(["egg"], [1])
    assert "egg" not in str(raised.value)


def test_a_secret_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAGGER_TOKEN", raising=False)
    with FailingServer() as server:
        with pytest.raises(InputError, match=r"needs the environment variable TAGGER_TOKEN, .*; export TAGGER_TOKEN="):
            remote(server, token="TAGGER_TOKEN").score(["egg"], [1])
        assert not server.requests
    monkeypatch.setenv("TAGGER_TOKEN", "two\nlines")
    with pytest.raises(InputError, match="TAGGER_TOKEN holds characters that no header takes") as raised:
        remote(server, token="TAGGER_TOKEN").score(["egg"], [1])
    assert "lines" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://tagger.example.org", "is not http:// or https://"),
        ("tagger.example.org/v1", "is not http:// or https://"),
        ("https:///v1", "is not http:// or https://"),
        ("http://[half", "is not http:// or https://"),
        ("https://somebody:hidden@tagger.example.org/", "holds a user name or password"),
        ("http://tagger.example.org/v1", "would travel in the clear; use https"),
    ],
)
def test_addresses_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        RemoteWrapper(url, NAMES, shown=5, token="TAGGER_TOKEN")
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    "options", [{"attempts": 0}, {"attempts": 1.5}, {"answer_s": 0}, {"answer_s": float("inf")}, {"requests_per_s": -1}]
)
def test_settings_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"invalid {next(iter(options))}=.*: must be "):
        RemoteWrapper("https://tagger.example.org", NAMES, shown=5, **options)
