# ---
# jupyter:
#   kernelspec: {name: python3, display_name: Python 3, language: python}
# ---

# %% [markdown]
# # Compare two releases
#
# Two releases of a tagger, attacked on the same samples: is the new one more fragile? The comparison is paired, bin by
# bin, and a gate ends with an error where a release falls too often.

# %%
import os
import tempfile
from pathlib import Path

from small_corpus import write

os.chdir(tempfile.mkdtemp())
data = write(Path("data"))

# %%
release = """
import json

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer

from textattack_xmtc.wrappers import SklearnWrapper

rows = [json.loads(line) for line in open("data/train.jsonl")]
labels = MultiLabelBinarizer()
truth = labels.fit_transform([row["labels"] for row in rows])
tagger = make_pipeline(TfidfVectorizer(sublinear_tf=True), OneVsRestClassifier(LogisticRegression(OPTIONS)))
model = SklearnWrapper(tagger.fit([row["text"] for row in rows], truth), label_names=list(labels.classes_))
"""
Path("release_1.py").write_text(release.replace("OPTIONS", "C=20"))
Path("release_2.py").write_text(release.replace("OPTIONS", "C=20, class_weight='balanced'"))

# %% [markdown]
# ## Both under attack

# %% language="bash"
# set -eo pipefail
# textattack-xmtc campaign --model release_1.py --model release_2.py --data data --out both --k 3 \
#     --max-change-rate 0.2 --labels-per-bin 10 --samples-per-bin 6 --masked-lm xmtc-demo --encoder embedded \
#     2>&1 | tail -3

# %% [markdown]
# ## Paired
#
# Differences with their intervals, and the test of each bin.

# %% language="bash"
# set -eo pipefail
# textattack-xmtc report both --compare release_1 release_2 > compared.txt
# cat compared.txt

# %% [markdown]
# ## A gate for a pipeline
#
# The exit status is 1 where more attacks on a release succeed than are allowed: `--fail-over 0.6 --bin tail` in the
# command of a build stops it.
