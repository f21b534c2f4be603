"""napkinXC's trees: the probabilities are its own, and what is not looked for is not shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.toolkit.every_victim import LABELS, TEXTS, made, napkinxc_plt
from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError
from textattack_xmtc.wrappers import BEYOND, NapkinXCWrapper

napkinxc = pytest.importorskip("napkinxc", reason="needs the extra 'napkinxc', which has wheels for Linux on x86-64")


def of(shown: int) -> NapkinXCWrapper:
    whole = made(napkinxc_plt)
    return NapkinXCWrapper(whole.folder, whole.vectorizer, list("aeiotg"), shown=shown)


def test_probabilities_are_napkinxcs_own() -> None:
    from napkinxc.models import PLT

    victim = made(napkinxc_plt)
    plain = PLT(str(victim.folder), threads=1)
    features = victim.vectorizer.transform(TEXTS)
    for row, pairs in zip(victim(TEXTS), plain.predict_proba(features, top_k=LABELS), strict=True):
        assert len(pairs) == LABELS and dict(pairs) == pytest.approx(dict(enumerate(row)), abs=1e-6)


def test_what_is_not_among_the_m_best_is_not_shown() -> None:
    few, dense = of(shown=3), made(napkinxc_plt)(TEXTS)
    labels = list(range(LABELS))
    best = np.argsort(-dense, axis=1, kind="stable")[:, :3]
    assert few.top_k(TEXTS, 3)[0].tolist() == best.tolist()
    ranks, scores = few.rank(TEXTS, labels), few.score(TEXTS, labels)
    for row in range(len(TEXTS)):
        hidden = sorted(set(labels) - set(best[row]))
        assert (ranks[row, hidden] == BEYOND).all() and (scores[row, hidden] == 0).all()
        np.testing.assert_allclose(scores[row, best[row]], dense[row, best[row]], atol=1e-6)
    with pytest.raises(InputError, match="k=4 is more than the 3 labels that napkinXC shows"):
        few.top_k(TEXTS, 4)


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"holds no args\.bin"):
        NapkinXCWrapper(tmp_path, TfidfVectorizer().fit(TEXTS), list("ab"))
    with pytest.raises(InputError, match="a str does not turn texts into features"):
        NapkinXCWrapper(tmp_path, "tfidf", list("ab"))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "napkinxc.models", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textattack-xmtc\[napkinxc\]'"):
        NapkinXCWrapper(tmp_path, TfidfVectorizer().fit(TEXTS), list("ab"))
