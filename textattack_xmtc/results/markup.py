"""Text that may be anybody's, made safe for HTML, Markdown and CSV: markup and formulas in it stay text."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

# What a spreadsheet may take for a formula (OWASP, "CSV injection"): = + - @, tab and carriage return, their full-width
# forms and the minus sign, also behind spaces and quotes. It starts a cell where the text does, and, for a program that
# splits at semicolons or knows no quoted line breaks, behind these.
_QUOTES = "\"'\u2018\u2019\u201c\u201d`"
_INVISIBLE = "\ufeff\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufffd"
_SIGNS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b"
_FORMULA = rf"[\s{_QUOTES}{_INVISIBLE}]*[{_SIGNS}]"
_BEHIND = "(?<=[;\t\n\r])"
_UNSAFE = re.compile(rf"\A(?='|{_FORMULA})|{_BEHIND}(?={_FORMULA})")
_SAFE = re.compile(rf"\A'|{_BEHIND}'(?={_FORMULA})")


def printable(text: str) -> str:
    """`text` without what HTML or UTF-8 cannot hold: control characters and halves of surrogate pairs become U+FFFD.

    Example:
        >>> printable("a" + chr(0) + "b") == "a" + chr(0xFFFD) + "b"
        True
    """
    return re.sub(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text.replace("\r\n", "\n")
    )


def csv_text(text: str) -> str:
    """`text` for a cell of a CSV file: a `'` stands before what a spreadsheet could run as a formula (OWASP).

    That is the start of a text, and what follows a semicolon, tab or line break in it; a text that starts with `'` gets
    one more, so that `csv_text_read` gives back the same text.

    Example:
        >>> csv_text("=1+1"), csv_text("-5 degrees"), csv_text("a; =b"), csv_text("'quoted'"), csv_text("x = 1")
        ("'=1+1", "'-5 degrees", "a;' =b", "''quoted'", 'x = 1')
    """
    return _UNSAFE.sub("'", text)


def csv_text_read(cell: str) -> str:
    """What `csv_text` was given.

    Example:
        >>> [csv_text_read(csv_text(text)) for text in ("=1+1", "a; =b", "'quoted'", "x = 1")]
        ['=1+1', 'a; =b', "'quoted'", 'x = 1']
    """
    return _SAFE.sub("", cell)


def escaped(text: str) -> str:
    """`text` for HTML, in text and in attributes."""
    return html.escape(printable(text))


def isolated(name: str) -> str:
    """A name from the data for HTML: escaped, and its writing direction kept from what stands beside it."""
    return f"<bdi>{escaped(name)}</bdi>"


def markdown(text: str) -> str:
    r"""`text` for a line of Markdown: what would be markup is escaped, lines are joined, and marks that turn the
    writing direction, which Markdown cannot close, are dropped.

    Example:
        >>> markdown("a|b *c*")
        'a\\|b \\*c\\*'
    """
    flat = re.sub("[\u202a-\u202e\u2066-\u2069]", "", " ".join(printable(text).split()))
    return re.sub(r"([\\`*_{}\[\]#|~!])", r"\\\1", flat).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(template: str, **values: Any) -> str:
    """A template of `resources/` with its values; `.md.jinja` is escaped as Markdown, everything else as HTML.

    Texts and names may be anybody's data. What is markup already is passed as `markupsafe.Markup`.
    """
    return _environment(template.endswith(".md.jinja")).get_template(template).render(**values)


@cache
def _environment(for_markdown: bool) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        if isinstance(value, Markup) or not isinstance(value, str):
            return value
        return markdown(value) if for_markdown else printable(value)

    return Environment(
        loader=PackageLoader("textattack_xmtc", "resources"),
        autoescape=not for_markdown,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
