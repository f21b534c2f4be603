"""A probabilistic label tree of napkinXC, with the vectoriser that it was trained on."""

from pathlib import Path

import joblib

from textattack_xmtc.wrappers import NapkinXCWrapper

names = Path("labels.txt").read_text(encoding="utf-8").splitlines()
model = NapkinXCWrapper("plt", joblib.load("vectorizer.joblib"), names, shown=3)
