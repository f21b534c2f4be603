"""A scikit-learn pipeline that joblib saved; labels.txt names its labels, one a line."""

from pathlib import Path

import joblib

from textattack_xmtc.wrappers import SklearnWrapper

names = Path("labels.txt").read_text(encoding="utf-8").splitlines()
model = SklearnWrapper(joblib.load("tagger.joblib"), scores="score", label_names=names)
