"""An extension of griffe: a section `Example:` is shown as code, as `Examples:` is."""

from __future__ import annotations

import re
from typing import Any

import griffe


class ExampleSections(griffe.Extension):
    """Renames the section while the reference is made."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change a docstring that has been read."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^( *)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE)
