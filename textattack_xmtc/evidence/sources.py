"""Sources of evidence by the names that options give them."""

from __future__ import annotations

from pathlib import Path

from textattack_xmtc.cache import cache_folder
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.evidence.meaning import MeaningEvidence, centre_anchor, name_anchor
from textattack_xmtc.evidence.model import ModelEvidence
from textattack_xmtc.evidence.names import NameEvidence
from textattack_xmtc.evidence.protocol import CombinedEvidence, Evidence
from textattack_xmtc.evidence.training_texts import TrainingTextEvidence
from textattack_xmtc.search_options import check_evidence
from textattack_xmtc.wrappers.scorer import ScorerWrapper


def load_evidence(
    source: str = "name+texts", corpus: Corpus | None = None, names: LabelNames | None = None
) -> Evidence:
    """The evidence of this source.

    Args:
        source: "name+texts", "name" or "texts"; "meaning:ENCODER" (closeness to the label's name, an encoder as
            `load_encoder` takes it), "meaning-texts:ENCODER" (closeness to the centre of its training texts, whose
            vectors are kept in the cache), or "model:FOLDER" (occlusion on another model of this package).
        corpus: the training texts; "name+texts" without them is "name".
        names: names of labels, where they are not what the data call them.

    Raises:
        InputError: an unknown source, or one of training texts without a corpus.
        DataError: the corpus has no training texts; the names are of other labels than the corpus has.
        MissingExtraError, ModelFolderError: the encoder or the model cannot be loaded.
    """
    check_evidence(source)
    if names is not None and corpus is not None and not names.name_any(corpus.label_names):
        raise DataError(
            f"{names.source} names none of the {len(corpus.label_names):,} labels of {corpus.name}, such as "
            f"{corpus.label_names[0]!r}",
            "give the names of these labels",
        )
    further = None if names is None else names.further
    kind, _, of = source.partition(":")
    if kind == "model":
        return ModelEvidence(ScorerWrapper.from_folder(of))
    if kind == "meaning":
        encoder = load_encoder(of)
        return MeaningEvidence(encoder, name_anchor(encoder, names), kind)
    if corpus is None and kind in ("texts", "meaning-texts"):
        raise InputError(f"evidence={source!r} needs training texts, and there are none", "give data=FOLDER")
    if kind == "name" or corpus is None:
        return NameEvidence(names, further)
    if kind == "meaning-texts":
        encoder = load_encoder(of)
        return MeaningEvidence(encoder, centre_anchor(encoder, corpus, cache_folder() / "vectors"), kind)
    texts = TrainingTextEvidence(corpus)
    return texts if kind == "texts" else CombinedEvidence([NameEvidence(names, further), texts])


def evidence_model(source: str) -> Path | None:
    """The folder of the model that this source asks; None where it asks none."""
    kind, _, of = source.partition(":")
    return Path(of) if kind == "model" else None
