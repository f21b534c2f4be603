# ---
# jupyter:
#   kernelspec: {name: python3, display_name: Python 3, language: python}
# ---

# %% [markdown]
# # Attack your own tagger
#
# A tagger of scikit-learn is trained on a small corpus, wrapped as a victim, and attacked: which words must change so
# that a right label leaves its three best? [small_corpus.py](small_corpus.py) writes the data; with your own, write
# `{"text": "...", "labels": ["...", "..."]}` a line.

# %%
import json
import os
import tempfile
from pathlib import Path

from small_corpus import write

os.chdir(tempfile.mkdtemp())
data = write(Path("data"))
train, test = ([json.loads(line) for line in (data / f"{split}.jsonl").open()] for split in ("train", "test"))
len(train), test[0]

# %% [markdown]
# ## The tagger

# %%
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer

labels = MultiLabelBinarizer()
truth = labels.fit_transform([row["labels"] for row in train])
tagger = make_pipeline(TfidfVectorizer(sublinear_tf=True), OneVsRestClassifier(LogisticRegression(C=20)))
tagger.fit([row["text"] for row in train], truth)

# %% [markdown]
# ## The victim
#
# A victim answers for the labels that it is asked for. Names let labels be written as words.

# %%
from textattack_xmtc.wrappers import SklearnWrapper

victim = SklearnWrapper(tagger, label_names=list(labels.classes_))
best, scores = victim.top_k([test[0]["text"]], 3)
[(labels.classes_[label], round(float(score), 3)) for label, score in zip(best[0], scores[0], strict=True)]

# %% [markdown]
# ## The attack
#
# `xmtc-demo` is the masked language model that `make demo` trains; any folder or name of a hub does as well. The attack
# below may change a fifth of the words.

# %%
from textattack_xmtc import XMTCPositive
from textattack_xmtc.targets import GroundTruth

attack = XMTCPositive.build(victim, k=3, max_change_rate=0.2, masked_lm="xmtc-demo", encoder="embedded")
results = []
for row in test[:12]:
    truth = GroundTruth(tuple(row["labels"]), targets=(row["labels"][0],))
    results.append(attack.attack(row["text"], truth.encode()))
[type(result).__name__ for result in results]

# %%
from textattack.attack_results import SuccessfulAttackResult

fallen = [result for result in results if isinstance(result, SuccessfulAttackResult)]
print(fallen[0].__str__(color_method="file") if fallen else "no attack succeeded")

# %% [markdown]
# ## The same from the command line
#
# Put the victim into a file, and TextAttack's own command attacks it:
#
# ```
# textattack attack --recipe 'xmtc-positive^k=3' --model-from-file victim.py --dataset-from-file data/test.jsonl
# ```
