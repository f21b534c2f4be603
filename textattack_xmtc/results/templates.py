"""The templates of a report (Jinja2, in `resources/`): whatever is put into one is escaped for its format."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from textattack_xmtc.results.markup import markdown, printable

if TYPE_CHECKING:
    from jinja2 import Environment


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
