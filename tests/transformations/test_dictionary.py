"""WordNet and the tagger: clear errors where they are missing, and no code from a pickle."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import nltk
import pytest

from textattack_xmtc.errors import MissingExtraError
from textattack_xmtc.transformations import dictionary


def test_a_missing_wordnet_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise LookupError("Resource wordnet not found")

    monkeypatch.setattr(nltk.corpus.wordnet, "ensure_loaded", missing)
    dictionary.wordnet.cache_clear()
    with pytest.raises(MissingExtraError, match=r"need WordNet.*python -m nltk\.downloader wordnet"):
        dictionary.wordnet()


def test_a_missing_tagger_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nltk.data, "path", [])
    dictionary.tagger.cache_clear()
    with pytest.raises(MissingExtraError, match=r"part-of-speech tagger.*averaged_perceptron_tagger_eng"):
        dictionary.tagger()
    dictionary.tagger.cache_clear()


def test_a_pickle_that_names_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taggers").mkdir()
    with zipfile.ZipFile(tmp_path / "taggers" / "averaged_perceptron_tagger.zip", "w") as archive:
        archive.writestr("averaged_perceptron_tagger/averaged_perceptron_tagger.pickle", pickle.dumps(print))
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    dictionary.tagger.cache_clear()
    with pytest.raises(pickle.UnpicklingError, match=r"print is not part of a tagger"):
        dictionary.tagger()
    dictionary.tagger.cache_clear()
