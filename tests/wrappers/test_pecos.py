"""XR-Linear models of PECOS: trained, saved and asked in the environment that libpecos needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.toolkit.every_victim import ODD_TEXTS
from tests.toolkit.pecos_models import NAMES, PYTHON, documents, needs_pecos, train
from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError, VictimError
from textattack_xmtc.wrappers import BEYOND, PecosWrapper
from textattack_xmtc.wrappers import pecos as pecos_module

TEXTS = [*documents(5, seed=1)[0], "none of the words that it knows"]


def test_without_an_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XMTC_PECOS_PYTHON", raising=False)
    monkeypatch.setattr(pecos_module.importlib.util, "find_spec", lambda name: None)
    (tmp_path / "preprocessor").mkdir()
    (tmp_path / "xlinear_ensemble").mkdir()
    (tmp_path / "xlinear_ensemble" / "config.json").write_text("{}")
    with pytest.raises(
        MissingExtraError, match=r"make an environment for it as docs/victims.md says, .*XMTC_PECOS_PYTHON"
    ):
        PecosWrapper(tmp_path)


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"has no xlinear_ensemble/config\.json; give the folder of a Text2Text"):
        PecosWrapper(tmp_path)
    with pytest.raises(ModelFolderError, match="has no ranker"):
        PecosWrapper(tmp_path, preprocessor=tmp_path)


@needs_pecos
@pytest.mark.slow
class TestWithLibpecos:
    @pytest.fixture(scope="class")
    def trained(self, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
        folder = tmp_path_factory.mktemp("pecos") / "model"
        return folder, train(folder, TEXTS)

    @pytest.fixture(scope="class")
    def victim(self, trained: tuple[Path, Any]) -> Any:
        return PecosWrapper(trained[0], python=PYTHON)

    def test_scores_are_those_of_pecos(self, victim: Any, trained: tuple[Path, Any]) -> None:
        whole = np.array(trained[1]["whole"])
        assert victim.labels.names == NAMES and victim.score_kind == "score"
        assert len(np.unique(whole)) > 50
        np.testing.assert_allclose(victim(TEXTS), whole, atol=1e-6)
        np.testing.assert_allclose(victim.score(TEXTS, [7, 0, 7]), whole[:, [7, 0, 7]], atol=1e-6)

    def test_the_best_labels_are_those_of_brute_force(self, victim: Any, trained: tuple[Path, Any]) -> None:
        whole = np.array(trained[1]["whole"], dtype=np.float32)
        expected = [sorted(range(len(NAMES)), key=lambda j, row=row: (-row[j], j))[:5] for row in whole]
        assert victim.top_k(TEXTS, 5)[0].tolist() == expected

    def test_a_narrow_beam_shows_what_pecos_shows_and_scores_are_exact_all_the_same(
        self, trained: tuple[Path, Any]
    ) -> None:
        narrow = PecosWrapper(trained[0], python=PYTHON, beam=3, shown=3)
        printed, whole = np.array(trained[1]["narrow"]), np.array(trained[1]["whole"])
        labels = list(range(len(NAMES)))
        ranks = narrow.rank(TEXTS, labels)
        assert ((ranks != BEYOND) == (printed > 0)).all() and (ranks == BEYOND).any()
        np.testing.assert_allclose(narrow.score(TEXTS, labels), whole, atol=1e-6)
        with pytest.raises(InputError, match="k=4 is more than the 3 labels"):
            narrow.top_k(TEXTS, 4)

    def test_odd_texts(self, victim: Any) -> None:
        texts = [*ODD_TEXTS.values(), "two\nlines\r\nand\u2028more", TEXTS[0]]
        dense = victim(texts)
        assert np.isfinite(dense).all()
        for text, row in zip(texts, dense, strict=True):
            np.testing.assert_allclose(victim([text])[0], row, atol=1e-6)

    def test_parts_in_folders_of_their_own(self, trained: tuple[Path, Any], victim: Any) -> None:
        folder = trained[0]
        parts = {"preprocessor": folder / "preprocessor", "label_names": NAMES, "python": PYTHON}
        model = folder / "xlinear_ensemble" / "0"
        np.testing.assert_array_equal(PecosWrapper(model, **parts)(TEXTS), victim(TEXTS))
        assert PecosWrapper(model, **parts, post_processor="sigmoid").score_kind == "probability"
        logarithms = PecosWrapper(model, **parts, post_processor="log-sigmoid", shown=2)
        assert logarithms.score_kind == "score" and (logarithms.top_k(TEXTS, 2)[1] < 0).all()
        with pytest.raises(VictimError, match="says: ValueError: 3 label names for 16 labels"):
            PecosWrapper(model, **{**parts, "label_names": NAMES[:3]})

    def test_an_ensemble_is_refused(self, trained: tuple[Path, Any], tmp_path: Path) -> None:
        folder = tmp_path / "several"
        (folder / "xlinear_ensemble").mkdir(parents=True)
        (folder / "preprocessor").mkdir()
        (folder / "output_items.json").write_text(json.dumps(NAMES))
        (folder / "xlinear_ensemble" / "config.json").write_text('{"nr_ensembles": 2, "kwargs": [{}, {}]}')
        with pytest.raises(VictimError, match="an ensemble of several XR-Linear models"):
            PecosWrapper(folder, python=PYTHON)
