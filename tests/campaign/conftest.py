"""The small campaign's data and models, made once; and a campaign on them that ran without a break."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.toolkit import ROOT
from tests.toolkit.drawn_samples import best_labels, made_corpus
from tests.toolkit.small_campaigns import OPTIONS, make_all
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.campaign.workers.ray_cluster import LOCAL, _connect
from textattack_xmtc.datasets.corpus import Corpus


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, `plain`, `other` and `words`."""
    return make_all(tmp_path_factory.mktemp("small"))


@pytest.fixture
def here(small: Path) -> Iterator[None]:
    """Work in that folder: models are named as people name them, from where they are."""
    with working_in(small):
        yield


@pytest.fixture(scope="session")
def whole(small: Path) -> Path:
    """A campaign that ran without a break."""
    with working_in(small):
        assert run_campaign("whole", OPTIONS)
    return small / "whole"


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    shutil.copytree(whole, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def ray_cluster() -> None:
    """One cluster for all tests that have actors, which ends with this process."""
    ray = pytest.importorskip("ray", reason="Ray is not installed (extra `ray`)")
    if not ray.is_initialized():
        with pytest.MonkeyPatch.context() as patch:
            # Actors look for the toolkit as any process does, and packages leave other `tests` beside the libraries.
            patch.setenv("PYTHONPATH", str(ROOT))
            _connect(ray, LOCAL)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """The corpus of `tests.toolkit.drawn_samples`."""
    return made_corpus()


@pytest.fixture(scope="session")
def top(corpus: Corpus) -> np.ndarray:
    """What a model finds best of its test texts."""
    return best_labels(corpus)


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("TA_CACHE_DIR", str(folder / "cache"))
        yield
