"""Where the tests find real data and models that are too large for the repository."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("XMTC_SHARED", Path(__file__).parents[3] / "shared"))


def needs_shared(path: str) -> pytest.MarkDecorator:
    """Skips a test where `SHARED / path` does not exist."""
    return pytest.mark.skipif(
        not (SHARED / path).exists(),
        reason=f"needs {path} in the folder that XMTC_SHARED names (default: shared/ beside the repository)",
    )
