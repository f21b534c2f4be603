"""A model of sentence-transformers against the vectors of the labels' names."""

from pathlib import Path

from textattack_xmtc.wrappers import DualEncoderWrapper

names = Path("labels.txt").read_text(encoding="utf-8").splitlines()
model = DualEncoderWrapper.from_names("all-MiniLM-L6-v2", names)
