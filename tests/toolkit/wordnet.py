"""Lets NLTK find the WordNet and the tagger of the shared data, and skips tests where it finds none."""

import nltk
import pytest

from tests.toolkit.shared_folders import SHARED


def _at_hand() -> bool:
    try:
        nltk.data.find("corpora/wordnet.zip")
        return True
    except LookupError:
        return False


if not _at_hand():
    nltk.data.path.append(str(SHARED / "data" / "nltk_data"))

needs_wordnet = pytest.mark.skipif(not _at_hand(), reason="NLTK finds no WordNet, here and in the shared data")
