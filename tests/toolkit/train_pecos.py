"""Trains a small Text2Text model, and writes down what PECOS itself says of some texts. Runs where libpecos is.

python -I train_pecos.py FOLDER < {"texts": [...], "labels": [[...], ...], "names": [...], "asked": [...]}
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix


def main(folder: str) -> None:
    """Train, save, predict."""
    from pecos.apps.text2text.model import Text2Text
    from pecos.utils.featurization.text.preprocess import Preprocessor
    from pecos.xmc import Indexer, LabelEmbeddingFactory
    from pecos.xmc.xlinear.model import XLinearModel

    given = json.load(sys.stdin)
    truth = np.zeros((len(given["texts"]), len(given["names"])), dtype=np.float32)
    for row, labels in enumerate(given["labels"]):
        truth[row, labels] = 1
    truth = csr_matrix(truth)
    vectoriser = {"type": "tfidf", "kwargs": {"base_vect_configs": [{"ngram_range": [1, 1], "max_df_ratio": 0.98}]}}
    preprocessor = Preprocessor.train(given["texts"], vectoriser)
    features = preprocessor.predict(given["texts"])
    vectors = LabelEmbeddingFactory.create(truth, features, method="pifa")
    chain = Indexer.gen(vectors, indexer_type="hierarchicalkmeans", nr_splits=2, max_leaf_size=3, seed=0)
    model = XLinearModel.train(features, truth, C=chain, threshold=0.0, threads=1)
    Text2Text(preprocessor, [(model, {})], given["names"]).save(folder)

    asked = preprocessor.predict(given["asked"])
    whole = model.predict(asked, beam_size=1000, only_topk=len(given["names"]), threads=1).toarray()
    narrow = model.predict(asked, beam_size=3, only_topk=3, threads=1).toarray()
    (Path(folder) / "said.json").write_text(json.dumps({"whole": whole.tolist(), "narrow": narrow.tolist()}))


if __name__ == "__main__":
    main(sys.argv[1])
