"""Adversarial attacks on extreme multilabel text classifiers, for TextAttack.

Importing this package imports neither torch nor textattack: every public name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from textattack_xmtc._version import __version__

__all__ = ["__version__"]

_HOME = {}


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
