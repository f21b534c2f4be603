"""Sources of evidence by the names that options give them."""

from __future__ import annotations

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.names import NameEvidence
from textattack_xmtc.evidence.protocol import CombinedEvidence, Evidence
from textattack_xmtc.evidence.training_texts import TrainingTextEvidence
from textattack_xmtc.search_options import EvidenceSource, require_choice


def load_evidence(
    source: EvidenceSource = "name+texts", corpus: Corpus | None = None, names: LabelNames | None = None
) -> Evidence:
    """The evidence of this source.

    Args:
        source: "name+texts", "name" or "texts".
        corpus: the training texts; "name+texts" without them is "name".
        names: names of labels, where they are not what the data call them.

    Raises:
        InputError: an unknown source, or "texts" without a corpus.
        DataError: the corpus has no training texts.
    """
    require_choice("evidence", source, EvidenceSource)
    if source == "texts" and corpus is None:
        raise InputError("evidence='texts' needs training texts, and there are none", "give data=FOLDER")
    if source == "name" or corpus is None:
        return NameEvidence(names)
    texts = TrainingTextEvidence(corpus)
    return texts if source == "texts" else CombinedEvidence([NameEvidence(names), texts])
