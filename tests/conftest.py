"""What several tests share."""

from pathlib import Path

import hypothesis
import pytest
import torch

# No test depends on how fast a machine is.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

# The models of the tests are so small that threads only wait for one another.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def demo() -> Path:
    """The folder of the demo victim; trained here where this machine has not trained it yet (minutes)."""
    from textattack_xmtc.models.demo import demo_folder

    return demo_folder()
