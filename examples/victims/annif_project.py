"""A project of an Annif server, with its 100 best concepts; the vocabulary file says which there are."""

import os

from textattack_xmtc.wrappers import AnnifWrapper

model = AnnifWrapper(os.environ["ANNIF_URL"], "tfidf-en", "vocabulary.tsv", language="en", shown=100)
