"""XR-Linear models of PECOS, where libpecos is installed; `worker.py` runs this file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class XRLinear:
    """One model with its texts' preprocessor, asked for labels by index."""

    name = "PECOS XR-Linear"

    def __init__(
        self,
        folder: str,
        preprocessor: str,
        label_names: list[str] | None,
        beam: int,
        post_processor: str | None,
    ) -> None:
        from pecos.utils.featurization.text.preprocess import Preprocessor
        from pecos.xmc.xlinear.model import XLinearModel

        self._preprocessor = Preprocessor.load(preprocessor)
        # The only kind of weights that answers for single labels.
        self._model = XLinearModel.load(folder, is_predict_only=True, weight_matrix_type="CSC")
        self._options = {"post_processor": post_processor, "threads": int(os.environ.get("OMP_NUM_THREADS", "1"))}
        self._beam = beam
        used = post_processor or self._model.get_pred_params().hlm_args.model_chain[-1].post_processor
        self.floor = -1e6 if used == "noop" or used.startswith("log") else 0.0
        self.score_kind = "probability" if used == "sigmoid" else "score"
        self.label_names = label_names
        self.num_labels = self._model.nr_labels
        if label_names is not None and len(label_names) != self.num_labels:
            raise ValueError(f"{len(label_names)} label names for {self.num_labels} labels")

    def best(self, texts: list[str], m: int) -> list[list[tuple[int, float]]]:
        """The m best labels that the beam reaches."""
        predicted = self._model.predict(
            self._features(texts), only_topk=m, beam_size=max(self._beam, m), **self._options
        )
        rows = []
        for row in range(len(texts)):
            part = slice(predicted.indptr[row], predicted.indptr[row + 1])
            labels, scores = predicted.indices[part].tolist(), predicted.data[part].tolist()
            rows.append(list(zip(labels, scores)))  # noqa: B905  (Python 3.9 has no `strict`)
        return rows

    def score(self, texts: list[str], labels: list[int]) -> Any:
        """Exact scores of these labels: along their own paths, whatever the beam would do."""
        import numpy as np
        from scipy.sparse import csr_matrix

        wanted = sorted(set(labels))
        indptr = np.arange(len(texts) + 1) * len(wanted)
        ones = np.ones(len(texts) * len(wanted), dtype=np.float32)
        chosen = csr_matrix((ones, np.tile(wanted, len(texts)), indptr), shape=(len(texts), self.num_labels))
        predicted = self._model.predict(self._features(texts), selected_outputs_csr=chosen, **self._options)
        return predicted.tocsc()[:, labels].toarray()

    def _features(self, texts: list[str]) -> Any:
        # Its tokenizer reads UTF-8, and a text must not end its line.
        plain = [" ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split()) for text in texts]
        features = self._preprocessor.predict(plain).tocsr()
        features.sort_indices()
        return features


def load(settings: str) -> XRLinear:
    """The model that these settings, as JSON, name: a folder of Text2Text, or of XR-Linear with a preprocessor's."""
    given = json.loads(settings)
    folder, preprocessor, names = Path(given["folder"]), given["preprocessor"], given["label_names"]
    if preprocessor is None:
        preprocessor = folder / "preprocessor"
        if names is None:
            names = json.loads((folder / "output_items.json").read_text(encoding="utf-8"))
        folder = folder / "xlinear_ensemble"
        if json.loads((folder / "config.json").read_text(encoding="utf-8"))["nr_ensembles"] != 1:
            raise ValueError("an ensemble of several XR-Linear models: give the folder of one of them")
        folder = folder / "0"
    return XRLinear(str(folder), str(preprocessor), names, given["beam"], given["post_processor"])
