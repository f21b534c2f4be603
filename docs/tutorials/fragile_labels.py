# ---
# jupyter:
#   kernelspec: {name: python3, display_name: Python 3, language: python}
# ---

# %% [markdown]
# # Which labels are fragile?
#
# A campaign draws texts and labels evenly by how often a label occurs in training, attacks them, and keeps a record of
# each. Its report shows which labels fall, and to what.

# %%
import os
import tempfile
from pathlib import Path

from small_corpus import write

os.chdir(tempfile.mkdtemp())
data = write(Path("data"))

# %% [markdown]
# ## A victim in a file
#
# The campaign takes a Python file with a `model`; here a tagger of scikit-learn, trained when the file is opened.

# %%
Path("tagger.py").write_text("""
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
tagger = make_pipeline(TfidfVectorizer(sublinear_tf=True), OneVsRestClassifier(LogisticRegression(C=20)))
model = SklearnWrapper(tagger.fit([row["text"] for row in rows], truth), label_names=list(labels.classes_))
""")

# %% [markdown]
# ## The campaign
#
# Bins of ten labels, six samples each. It can be stopped at any moment; the same command with `--resume` ends it.

# %% language="bash"
# set -eo pipefail
# textattack-xmtc campaign --model tagger.py --data data --out fragile --k 3 --max-change-rate 0.2 \
#     --labels-per-bin 10 --samples-per-bin 6 --masked-lm xmtc-demo --encoder embedded 2>&1 | tail -5

# %% [markdown]
# ## The report
#
# `report.html` is one page that needs no network; tables and figures lie beside it.

# %% language="bash"
# set -eo pipefail
# textattack-xmtc report fragile > report.txt
# head -40 report.txt
# ls fragile/report*

# %% [markdown]
# ## Records
#
# Every attack is a line of JSON: here the labels that fell, with the words that did it.

# %%
import json

names = json.loads(Path("fragile/labels.json").read_text())["names"]
for line in Path("fragile/records/tagger.jsonl").read_text().splitlines():
    record = json.loads(line)
    if record["outcome"] == "succeeded":
        changes = ", ".join(f"{one['from']} -> {one['to']}" for one in record["changes"])
        print(f"{names[record['target']]:>14}  bin {record['bin']}  {changes}")
