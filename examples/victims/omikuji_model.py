"""A model of Omikuji (Parabel, Bonsai), with the vectoriser that it was trained on."""

from pathlib import Path

import joblib

from textattack_xmtc.wrappers import OmikujiWrapper

names = Path("labels.txt").read_text(encoding="utf-8").splitlines()
model = OmikujiWrapper("omikuji-model", joblib.load("vectorizer.joblib"), names, shown=3)
