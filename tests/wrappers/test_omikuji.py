"""Omikuji's forests: the scores are its own, and what is not looked for is not shown."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.toolkit.every_victim import LABELS, TEXTS, made, omikuji_forest
from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError
from textattack_xmtc.wrappers import BEYOND, OmikujiWrapper

omikuji = pytest.importorskip("omikuji", reason="needs the extra 'omikuji'")


def of(**options: int | None) -> OmikujiWrapper:
    whole = made(omikuji_forest)
    assert isinstance(whole, OmikujiWrapper)
    return OmikujiWrapper(whole.folder, whole.vectorizer, list("aeiotg"), **options)  # type: ignore[arg-type]


def test_scores_are_omikujis_own() -> None:
    victim = of(shown=None, beam=100)
    plain = omikuji.Model.load(str(victim.folder))
    dense = victim(TEXTS)
    for text, row in zip(TEXTS, dense, strict=True):
        features = victim.vectorizer.transform([text]).toarray()[0]
        pairs = [(int(column), float(features[column])) for column in np.flatnonzero(features)]
        by_label = dict(plain.predict(pairs, beam_size=100, top_k=LABELS))
        assert len(by_label) >= 4 and by_label == pytest.approx({label: row[label] for label in by_label}, abs=1e-6)
    assert len(np.unique(dense)) > 20
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(victim))(TEXTS), dense)


def test_what_is_not_among_the_m_best_is_not_shown() -> None:
    few, dense = of(shown=3, beam=100), of(shown=None, beam=100)(TEXTS)
    labels = list(range(LABELS))
    best = np.argsort(-dense, axis=1, kind="stable")[:, :3]
    assert few.top_k(TEXTS, 3)[0].tolist() == best.tolist()
    ranks, scores = few.rank(TEXTS, labels), few.score(TEXTS, labels)
    for row in range(len(TEXTS)):
        hidden = sorted(set(labels) - set(best[row]))
        assert (ranks[row, hidden] == BEYOND).all() and (scores[row, hidden] == 0).all()
    with pytest.raises(InputError, match="k=4 is more than the 3 labels that Omikuji shows"):
        few.top_k(TEXTS, 4)


def test_what_is_not_a_model(tmp_path: Path) -> None:
    vectoriser = TfidfVectorizer().fit(TEXTS)
    with pytest.raises(ModelFolderError, match="does not hold all trees of Omikuji"):
        OmikujiWrapper(tmp_path, vectoriser, list("ab"))
    missing = tmp_path / "missing"
    shutil.copytree(of().folder, missing)
    (missing / "tree1.cbor").unlink()
    with pytest.raises(ModelFolderError, match="does not hold all trees of Omikuji"):
        OmikujiWrapper(missing, vectoriser, list("aeiotg"))
    cut = tmp_path / "cut"
    shutil.copytree(of().folder, cut)
    (cut / "tree1.cbor").write_bytes((cut / "tree1.cbor").read_bytes()[:50])
    with pytest.raises(ModelFolderError, match=r"is not a model of Omikuji \(Failed to load"):
        OmikujiWrapper(cut, vectoriser, list("aeiotg"))
    with pytest.raises(InputError, match="a str does not turn texts into features"):
        OmikujiWrapper(tmp_path, "tfidf", list("ab"))
    with pytest.raises(InputError, match=r"the vectoriser makes 2 features, and the model has \d+"):
        OmikujiWrapper(of().folder, TfidfVectorizer().fit(["hot water"]), list("aeiotg")).score(TEXTS, [0])


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "omikuji", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textattack-xmtc\[omikuji\]'"):
        OmikujiWrapper(tmp_path, TfidfVectorizer().fit(TEXTS), list("ab"))
