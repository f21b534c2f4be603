"""Constraints on adversarial texts: what is added to TextAttack's sentence encoders and word constraints."""

from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.constraints.label_evidence import LabelEvidence, NoEvidenceAdded, SameSenseExchange
from textattack_xmtc.constraints.similarity import EncoderSimilarity, Similarity, measure
from textattack_xmtc.constraints.words import FunctionWordModification, MaxChangeRate
from textattack_xmtc.encoders.encoder import Encoder

__all__ = [
    "Encoder",
    "EncoderSimilarity",
    "FunctionWordModification",
    "LabelEvidence",
    "MaxChangeRate",
    "NoEvidenceAdded",
    "SameSenseExchange",
    "Similarity",
    "load_encoder",
    "measure",
]
