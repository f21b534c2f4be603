"""What several tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import hypothesis
import pytest
import torch

# No test depends on how fast a machine is.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

torch.set_num_threads(1)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a shell's background jobs; tests press Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def demo() -> Path:
    """The folder of the demo victim; trained here where this machine has not trained it yet (minutes)."""
    from textattack_xmtc.models.demo import demo_folder

    return demo_folder()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names of tests that differ between processes: pytest-xdist compares them."""
    if named := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"{named[0]} is named after an address; give its parameters ids")
