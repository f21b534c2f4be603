"""The former place of `textattack_xmtc.wrappers`: imports from here still work, with a warning.

Victim files import from here, and a campaign resumes only with the same bytes of its victim file.
"""

import pkgutil
import sys
import warnings
from importlib import import_module

from textattack_xmtc import wrappers
from textattack_xmtc.wrappers import *  # noqa: F403  # whatever the new place has

warnings.warn(
    "textattack_xmtc.models.wrappers has moved: import from textattack_xmtc.wrappers", DeprecationWarning, stacklevel=2
)

# The same module objects under the old names: a second copy would define its classes anew.
for _module in pkgutil.iter_modules(wrappers.__path__):
    if not _module.ispkg:
        sys.modules[f"{__name__}.{_module.name}"] = import_module(f"{wrappers.__name__}.{_module.name}")

__all__ = list(wrappers.__all__)
