"""Whether a judge is independent of a campaign: it shares no encoder, nor a descendant of one, with what it judges.

Lineage is a set of marks. A transformer leaves the shape of its network and vocabulary: models trained on from it keep
that. So two unrelated models of one shape are refused as well, which errs on the safe side.
"""

from __future__ import annotations

import json
from pathlib import Path

from textattack_xmtc.errors import InputError
from textattack_xmtc.hubs import DEFAULT_SBERT, masked_lm_folder, sbert_folder
from textattack_xmtc.workdir.provenance import fingerprint

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
    """The lineage of a model folder, a hub name, or a Python file that makes a victim.

    Args:
        source: where the model comes from; None for no model.
    """
    if source is None:
        return frozenset()
    folder = Path(masked_lm_folder(str(source)) or source)
    marks = {f"files {files}"} if (files := fingerprint(folder)) else {f"name {source}"}
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return frozenset(marks)
    if not isinstance(config, dict):
        return frozenset(marks)
    if "model_type" in config:
        marks.add(" ".join(f"{name}={config[name]}" for name in _SHAPE if name in config))
    if isinstance(config.get("encoder"), dict):  # a model of this package on a pretrained encoder
        inner = config["encoder"]
        marks.add(" ".join(f"{name}={inner[name]}" for name in _SHAPE if name in inner))
    return frozenset(marks)


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
