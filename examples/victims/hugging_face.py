"""A Hugging Face sequence classifier: a folder, or a name of the hub."""

from textattack_xmtc.wrappers import HuggingFaceWrapper

model = HuggingFaceWrapper.from_pretrained("tagger", scores="logit")
