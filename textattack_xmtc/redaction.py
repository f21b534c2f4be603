"""The one place where secrets are removed from what is told: in messages, logs and records."""

from __future__ import annotations

import base64
import binascii
import html
import re
import sys
from collections.abc import Iterable, Iterator

REMOVED = "[secret]"
_WINDOW = 6  # letters and digits in a row that count as a part of a secret
_LEVELS = 4  # escapes within escapes
_MOST_CHARACTERS = 2**16
_ESCAPE = (
    r"%(?P<url>[0-9a-f]{2})|\\u(?P<long>00(?:0[0-9a-f]|10)[0-9a-f]{4})|[\\%]u(?P<json>[0-9a-f]{4})|\\x(?P<hex>[0-9a-f]{2})"
    r"|\\[ux]\{(?P<braces>[0-9a-f]{1,8})\}|\\(?P<octal>[0-7]{2,3})|\\o\{(?P<octal_braces>[0-7]{1,11})\}"
    r"|(?P<html>&(?:#x?[0-9a-f]{1,8}|[a-z]{2,8});?)|\\(?P<plain>.)"
)
_FLAGS = re.IGNORECASE | re.DOTALL
_ESCAPES = re.compile(_ESCAPE, _FLAGS)
_ESCAPES_OF_MAIL = re.compile(rf"=(?P<mail>[0-9a-f]{{2}})|=\n|{_ESCAPE}", _FLAGS)  # quoted-printable, too
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_HEX = re.compile(r"[0-9A-Fa-f]{12,}")
_WHITE = frozenset("nrtfbv")  # what follows the backslash in an escaped line break or tab

_Character = tuple[str, int, int]
"""A character, and where it begins and ends in the text as it came."""


class Redactor:
    """Removes secrets from texts, whole or in part, however the text may carry them.

    Found are the secrets in any case of letters, with anything but letters and digits in between (so also split over
    lines or fields), escaped as in URLs, JSON, programs, mail and HTML, within one another too, and in base64 and
    hexadecimal, also as a part of something longer. Parts count from six letters and digits on.

    Args:
        secrets: what nobody should read.

    Example:
        >>> redactor = Redactor(["a-very/secret-token"])
        >>> redactor.clean("no: Bearer A-VERY%2Fsecret-token")
        'no: Bearer [secret]'
        >>> redactor.clean("YS12ZXJ5L3NlY3JldC10b2tlbg== is unknown")
        '[secret] is unknown'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret.strip() for secret in secrets if secret.strip()}, key=len, reverse=True)
        self._windows: dict[int, set[str]] = {}
        for secret in self._secrets:
            plain = _plain(secret)
            size = min(_WINDOW, len(plain))
            if size:
                self._windows.setdefault(size, set()).update(_windows(plain, size))

    def clean(self, text: str) -> str:
        """The text without secrets, `[secret]` in their place."""
        covered = sorted(self._covered(text))
        parts: list[str] = []
        end = 0
        for start, stop in covered:
            if start > end or not parts:
                parts += [text[end:start], REMOVED]
            end = max(end, stop)
        return "".join([*parts, text[end:]])

    def shorten(self, text: str, length: int) -> str:
        """The beginning of the text without secrets: these are removed before anything is cut."""
        cut = len(text) > _MOST_CHARACTERS
        clean = self.clean(text[:_MOST_CHARACTERS])
        if cut:  # what stands at the end may be the beginning of a secret
            clean = clean[: -12 * max(map(len, self._secrets), default=0) or None]
        return clean[:length]

    def _covered(self, text: str) -> Iterator[tuple[int, int]]:
        for secret in self._secrets:
            yield from ((match.start(), match.end()) for match in re.finditer(re.escape(secret), text, re.IGNORECASE))
        if not self._windows:
            return
        for escapes in (_ESCAPES, _ESCAPES_OF_MAIL):
            characters: list[_Character] = [(letter, place, place + 1) for place, letter in enumerate(text)]
            for _ in range(_LEVELS):
                yield from self._spans(characters)
                decoded = _unescaped(characters, escapes)
                if len(decoded) == len(characters):
                    break
                characters = decoded

    def _spans(self, characters: list[_Character]) -> Iterator[tuple[int, int]]:
        letters = [character for character in characters if character[0].isalnum()]
        plain = "".join(letter.lower()[:1] for letter, _, _ in letters)
        for size, windows in self._windows.items():
            for start in range(len(plain) - size + 1):
                if plain[start : start + size] in windows:
                    yield letters[start][1], letters[start + size - 1][2]
        dense = [character for character in characters if not character[0].isspace()]
        joined = "".join(letter for letter, _, _ in dense)
        for pattern, decoded in ((_BASE64, _from_base64), (_HEX, _from_hex)):
            for run in pattern.finditer(joined):
                if any(self._holds(_plain(text)) for text in decoded(run.group())):
                    yield dense[run.start()][1], self._with_padding(dense, run.end())

    @staticmethod
    def _with_padding(characters: list[_Character], end: int) -> int:
        while end < len(characters) and characters[end][0] == "=":
            end += 1
        return characters[end - 1][2]

    def _holds(self, plain: str) -> bool:
        return any(window in windows for size, windows in self._windows.items() for window in _windows(plain, size))


def _plain(text: str) -> str:
    return "".join(letter.lower()[:1] for letter in text if letter.isalnum())


def _windows(plain: str, size: int) -> Iterator[str]:
    return (plain[start : start + size] for start in range(len(plain) - size + 1))


def _unescaped(characters: list[_Character], escapes: re.Pattern[str]) -> list[_Character]:
    """The same with escapes read, one level of them."""
    text, result, end = "".join(letter for letter, _, _ in characters), [], 0
    for escape in escapes.finditer(text):
        result += characters[end : escape.start()]
        start, stop = characters[escape.start()][1], characters[escape.end() - 1][2]
        result += [(letter, start, stop) for letter in _meant(escape)]
        end = escape.end()
    return result + characters[end:]


def _meant(escape: re.Match[str]) -> str:
    """What an escape stands for."""
    groups = {name: text for name, text in escape.groupdict().items() if text is not None}
    if "html" in groups:
        return html.unescape(f"{groups['html'].rstrip(';')};")
    if "plain" in groups:
        return " " if groups["plain"] in _WHITE else groups["plain"]
    for name, digits in groups.items():
        number = int(digits, 8 if name.startswith("octal") else 16)
        return chr(number) if number <= sys.maxunicode else ""
    return ""  # the soft line break of a mail


def _from_base64(run: str) -> Iterator[str]:
    run = run.replace("-", "+").replace("_", "/")
    for start in range(4):
        part = run[start:]
        part = part[: len(part) // 4 * 4] if len(part) % 4 == 1 else part + "=" * (-len(part) % 4)
        try:
            yield base64.b64decode(part).decode("latin-1")
        except (binascii.Error, ValueError):
            continue


def _from_hex(run: str) -> Iterator[str]:
    for start in range(2):
        part = run[start:]
        yield bytes.fromhex(part[: len(part) // 2 * 2]).decode("latin-1")
