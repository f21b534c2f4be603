"""XR-Linear models of PECOS as victims, each in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Unpack

from textattack_xmtc.errors import MissingExtraError, ModelFolderError
from textattack_xmtc.label_names import LabelNames, check_label_names
from textattack_xmtc.wrappers.base import VictimOptions
from textattack_xmtc.wrappers.process import ProcessWrapper

PYTHON = "XMTC_PECOS_PYTHON"
"""The environment variable that names the interpreter of an environment with libpecos."""

_SERVED = Path(__file__).parent / "served" / "pecos.py"


class PecosWrapper(ProcessWrapper):
    """An XR-Linear model, or the one inside a Text2Text model.

    libpecos holds numpy below 2 and scipy below 1.14, which today's pyarrow and TensorFlow refuse: so it has an
    environment of its own, and this victim runs there.

    `score` follows a label's own path in the tree and is exact; the k best labels and ranks are those that the beam
    reaches.

    Args:
        folder: of a Text2Text model (`preprocessor/`, `xlinear_ensemble/`, `output_items.json`), or of an XR-Linear
            model (`ranker/`) where `preprocessor` is given.
        python: the interpreter of the environment with libpecos; by default what XMTC_PECOS_PYTHON names, else this
            one where it has libpecos.
        preprocessor: the folder of the texts' preprocessor.
        label_names: label names by index; those of `output_items.json` where there are such.
        beam: groups of labels that are kept at each level of the tree, at least `shown`.
        shown: how many labels it is asked for (m).
        post_processor: what PECOS makes of its margins; the model's own where it is None. That is l3-hinge by default,
            which is exactly 1 for every margin above 1: where a label is that sure, no single word seems to matter.
            "sigmoid" tells such words apart; it may order labels differently.
        answer_s: as in `ProcessWrapper`.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says.

    Raises:
        MissingExtraError: there is no environment with libpecos.
        ModelFolderError: the folder holds no such model.
        VictimError: libpecos cannot load it.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        python: str | Path | None = None,
        preprocessor: str | Path | None = None,
        label_names: LabelNames | None = None,
        beam: int = 10,
        shown: int = 100,
        post_processor: str | None = None,
        answer_s: float = 600.0,
        **options: Unpack[VictimOptions],
    ) -> None:
        wanted = ("xlinear_ensemble/config.json", "preprocessor") if preprocessor is None else ("ranker",)
        for part in wanted:
            if not (Path(folder) / part).exists():
                raise ModelFolderError(
                    f"{folder} has no {part}",
                    "give the folder of a Text2Text model, or that of an XR-Linear model and its preprocessor's",
                )
        settings = {
            "folder": str(Path(folder).absolute()),
            "preprocessor": None if preprocessor is None else str(Path(preprocessor).absolute()),
            "label_names": None if label_names is None else check_label_names(label_names),
            "beam": beam,
            "post_processor": post_processor,
        }
        interpreter = python or _python()
        super().__init__(interpreter, _SERVED, json.dumps(settings), shown=shown, answer_s=answer_s, **options)


def _python() -> str:
    named = os.environ.get(PYTHON)
    if named:
        return named
    if importlib.util.find_spec("pecos") is not None:
        return sys.executable
    raise MissingExtraError(
        "libpecos is not installed, and cannot be beside today's pyarrow",
        "make an environment for it as docs/victims.md says, and name its interpreter with python=... or in " + PYTHON,
    )
