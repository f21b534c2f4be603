"""A model behind HTTP that shows its three best labels; the secret is what TAGGER_TOKEN holds."""

import os
from pathlib import Path

from textattack_xmtc.wrappers import RemoteWrapper

names = Path("labels.txt").read_text(encoding="utf-8").splitlines()
model = RemoteWrapper(os.environ["TAGGER_URL"], names, shown=3, token="TAGGER_TOKEN", requests_per_s=20)
