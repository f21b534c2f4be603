"""Where the tests find real data and models that are too large for the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.toolkit import ROOT


def default() -> Path:
    """The folder `shared` beside the repository."""
    return ROOT.parent / "shared"


SHARED = Path(os.environ.get("XMTC_SHARED", default()))


def needs_shared(path: str) -> pytest.MarkDecorator:
    """Skips a test where `SHARED / path` does not exist."""
    return pytest.mark.skipif(
        not (SHARED / path).exists(),
        reason=f"needs {path} in the folder that XMTC_SHARED names (default: shared/ beside the repository)",
    )
