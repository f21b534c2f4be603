"""Victims: what an attack asks of a model, and the models that can be asked. One file a family."""

from __future__ import annotations

from typing import Any

from textattack.models.wrappers import HuggingFaceModelWrapper, ModelWrapper
from transformers import PreTrainedModel, TextClassificationPipeline

from textattack_xmtc.errors import InputError
from textattack_xmtc.wrappers.annif import AnnifWrapper
from textattack_xmtc.wrappers.base import BEYOND, XMTCModelWrapper
from textattack_xmtc.wrappers.dual_encoder import DualEncoderWrapper
from textattack_xmtc.wrappers.function import FunctionWrapper
from textattack_xmtc.wrappers.huggingface import HuggingFaceWrapper
from textattack_xmtc.wrappers.napkinxc import NapkinXCWrapper
from textattack_xmtc.wrappers.omikuji import OmikujiWrapper
from textattack_xmtc.wrappers.pecos import PecosWrapper
from textattack_xmtc.wrappers.process import ProcessWrapper
from textattack_xmtc.wrappers.remote import RemoteWrapper
from textattack_xmtc.wrappers.scorer import ScorerWrapper
from textattack_xmtc.wrappers.segment_vote import SegmentVote
from textattack_xmtc.wrappers.shortlist import ShortlistWrapper
from textattack_xmtc.wrappers.sklearn import SklearnWrapper

__all__ = [
    "BEYOND",
    "AnnifWrapper",
    "DualEncoderWrapper",
    "FunctionWrapper",
    "HuggingFaceWrapper",
    "NapkinXCWrapper",
    "OmikujiWrapper",
    "PecosWrapper",
    "ProcessWrapper",
    "RemoteWrapper",
    "ScorerWrapper",
    "SegmentVote",
    "ShortlistWrapper",
    "SklearnWrapper",
    "XMTCModelWrapper",
    "as_victim",
]


def as_victim(model: Any) -> XMTCModelWrapper:
    """Whatever TextAttack calls a model wrapper, as a victim that can be asked for few labels.

    A Hugging Face wrapper of TextAttack's gives probabilities (its logits come without a sigmoid), a pipeline of
    Hugging Face what it gives itself; any other wrapper, and any function, gives scores of unknown kind, which is all
    that can be said of it.

    Raises:
        InputError: not something that answers for texts.
    """
    if isinstance(model, XMTCModelWrapper):
        return model
    if isinstance(model, HuggingFaceModelWrapper):
        return HuggingFaceWrapper(model.model, model.tokenizer)
    if isinstance(model, TextClassificationPipeline):
        return HuggingFaceWrapper.from_pipeline(model)
    if hasattr(model, "characters_read") and hasattr(model, "top_k"):
        return ScorerWrapper(model)
    fix = "pass a wrapper of TextAttack or of textattack_xmtc.wrappers, or a function from texts to scores"
    if isinstance(model, type):
        raise InputError(f"{model.__name__} is a class, not a victim", f"make one: model = {model.__name__}(...)")
    if isinstance(model, PreTrainedModel):  # a function, but not of texts
        fix = "wrap it with its tokenizer: HuggingFaceWrapper(model, tokenizer)"
    elif hasattr(model, "predict_proba") or hasattr(model, "decision_function"):
        fix = "wrap it: SklearnWrapper(model)"
    elif isinstance(model, ModelWrapper) or callable(model):
        return FunctionWrapper(model, scores="score")
    raise InputError(f"a {type(model).__name__} is not a victim", fix)
