"""Adversarial attacks on extreme multilabel text classifiers, for TextAttack.

Importing this package imports neither torch nor textattack: every public name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module

from textattack_xmtc._version import __version__

# Read at every start of Python 3.15 and later (`_autorun`): `typing` itself would be most of the time that takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    "XMTCDataset": "textattack_xmtc.attack_dataset",
    "XMTCNegative": "textattack_xmtc.attack_recipes",
    "XMTCNegativeLabelAware": "textattack_xmtc.attack_recipes",
    "XMTCNegativeLabelPreserving": "textattack_xmtc.attack_recipes",
    "XMTCPositive": "textattack_xmtc.attack_recipes",
    "XMTCPositiveFrugal": "textattack_xmtc.attack_recipes",
    "XMTCPositiveLabelPreserving": "textattack_xmtc.attack_recipes",
    "XMTCUntargeted": "textattack_xmtc.attack_recipes",
    "results_frame": "textattack_xmtc.attack_results",
    "load_corpus": "textattack_xmtc.datasets.load",
    "load_model": "textattack_xmtc.models.folder",
}
_SUBPACKAGES = {
    "attack_recipes",
    "constraints",
    "datasets",
    "goal_functions",
    "models",
    "search_methods",
    "transformations",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        try:
            return getattr(import_module(_HOMES[name]), name)
        except ImportError as error:
            from textattack_xmtc.errors import missing_module

            raise missing_module(error) from error
    if name in _SUBPACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBPACKAGES})
