"""Secrets in every form that a text may carry are removed, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import quopri
import random
import string
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textattack_xmtc.redaction import Redactor

SECRET = "a-Very/hidden+Token&42<x>\"q'"
FORMS = {
    "plain": SECRET,
    "lower case": SECRET.lower(),
    "upper case": SECRET.upper(),
    "URL": urllib.parse.quote(SECRET, safe=""),
    "URL with plus": urllib.parse.quote_plus(SECRET),
    "URL, lower case": urllib.parse.quote(SECRET, safe="").lower(),
    "every letter as URL": "".join(f"%{ord(letter):02X}" for letter in SECRET),
    "URL twice": urllib.parse.quote(urllib.parse.quote(SECRET, safe=""), safe=""),
    "JSON": json.dumps(SECRET),
    "JSON in JSON": json.dumps(json.dumps({"k": SECRET})),
    "JSON as PHP writes it": json.dumps(SECRET).replace("/", "\\/"),
    "JSON as Go writes it": json.dumps(SECRET).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    "every letter as JSON": "".join(f"\\u{ord(letter):04x}" for letter in SECRET),
    "octal": "".join(f"\\{ord(letter):03o}" for letter in SECRET),
    "octal in JSON": json.dumps("".join(f"\\{ord(letter):o}" for letter in SECRET)),
    "octal in braces": "".join(f"\\o{{{ord(letter):o}}}" for letter in SECRET),
    "%u": "".join(f"%u{ord(letter):04x}" for letter in SECRET),
    "%u in a URL": urllib.parse.quote("".join(f"%u{ord(letter):04X}" for letter in SECRET), safe=""),
    "long as Python writes it": "".join(f"\\U{ord(letter):08x}" for letter in SECRET),
    "braces as JavaScript writes it": "".join(f"\\u{{{ord(letter):x}}}" for letter in SECRET),
    "braces as Perl writes it": "".join(f"\\x{{{ord(letter):02x}}}" for letter in SECRET),
    "quoted-printable": "".join(f"={ord(letter):02X}" for letter in SECRET),
    "quoted-printable in lines": quopri.encodestring(f"{SECRET}{'.' * 60}{SECRET}".encode()).decode(),
    "HTML": html.escape(SECRET),
    "HTML in JSON": json.dumps(html.escape(SECRET)),
    "decimal references": "".join(f"&#{ord(letter)};" for letter in SECRET),
    "hexadecimal references": "".join(f"&#x{ord(letter):X};" for letter in SECRET),
    "references without semicolons": "".join(f"&#0{ord(letter)}" for letter in SECRET),
    "repr": repr(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    "base64 with a name": base64.b64encode(f"user:{SECRET}".encode()).decode(),
    "base64 with a longer name": base64.b64encode(f"users:{SECRET}:more".encode()).decode(),
    "base64 in a URL": urllib.parse.quote(base64.b64encode(f"me:{SECRET}".encode()).decode(), safe=""),
    "base64 in lines": base64.encodebytes(SECRET.encode() * 3).decode(),
    "hexadecimal": SECRET.encode().hex(),
    "over lines": "\n".join(SECRET[start : start + 5] for start in range(0, len(SECRET), 5)),
    "letters apart": " ".join(SECRET),
    "split": f"{SECRET[:13]}) and then ({SECRET[13:]}",
    "cut": SECRET[:-4],
    "its end": SECRET[6:],
}


def parts_left(text: str, size: int = 6) -> set[str]:
    """Parts of the secret that can be read in the text, whatever stands between letters."""
    plain = "".join(filter(str.isalnum, SECRET.lower()))
    read = "".join(filter(str.isalnum, urllib.parse.unquote(html.unescape(text)).lower()))
    return {plain[n : n + size] for n in range(len(plain) - size + 1) if plain[n : n + size] in read}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_removed(form: str) -> None:
    for text in (f"denied: {FORMS[form]} is wrong", FORMS[form], f"<{FORMS[form]}>" * 3):
        clean = Redactor([SECRET]).clean(text)
        assert "[secret]" in clean and not parts_left(clean)
        assert FORMS[form] not in clean


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", [0, 180, 195, 2**16 - 10])
def test_it_is_removed_before_anything_is_cut(form: str, before: int) -> None:
    clean = Redactor([SECRET]).shorten("." * before + FORMS[form] + "." * 2**16, 200)
    assert len(clean) <= 200 and not parts_left(clean, 4 if form in ("plain", "URL", "JSON", "HTML") else 6)


def test_nothing_else_is_removed() -> None:
    redactor = Redactor([SECRET, "other-token-1234"])
    for text in ("", "status 401 (Unauthorized)", "a very long word: internationalisation", "deadbeefdeadbeef", "100%"):
        assert redactor.clean(text) == text
    assert redactor.clean(f"x {SECRET} y other-token-1234 z") == "x [secret] y [secret] z"


def test_short_secrets_and_those_of_signs_alone() -> None:
    assert Redactor(["egg"]).clean("an EGG, e-g-g") == "an [secret], [secret]"
    assert Redactor(["--/--"]).clean("a --/-- b") == "a [secret] b"
    assert Redactor(["", " "]).clean("a b") == "a b" == Redactor([]).clean("a b")


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_./", min_size=8, max_size=60), st.integers())
def test_any_token(secret: str, seed: int) -> None:
    draw = random.Random(seed)
    carried = "".join(
        draw.choice(
            [
                *(letter, letter.swapcase(), f"%{ord(letter):02x}", f"%u{ord(letter):04x}", f"\\u{ord(letter):04x}"),
                *(f"\\{ord(letter):03o}", f"\\x{{{ord(letter):x}}}", f"&#{ord(letter)};"),
            ]
        )
        for letter in secret
    )
    plain = "".join(filter(str.isalnum, secret))
    if len(plain) >= 6:
        assert Redactor([secret]).clean(f"({carried})").count("[secret]") == 1
        assert plain.lower() not in "".join(filter(str.isalnum, Redactor([secret]).clean(f"({carried})"))).lower()


@given(st.text())
def test_any_text_survives(text: str) -> None:
    assert Redactor(["q9q9q9q9q9q9"]).clean(text) == text
