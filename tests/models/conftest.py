"""Fixtures of the tests of models."""

from __future__ import annotations

import pytest

from textattack_xmtc.models.attention_xml.sentences import NLTKWords


@pytest.fixture
def no_punkt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are found by rules, whatever parameters for English NLTK finds on this machine."""
    monkeypatch.setattr(NLTKWords, "installed", classmethod(lambda cls: None))
