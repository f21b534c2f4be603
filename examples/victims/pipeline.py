"""A text classification pipeline of Hugging Face, with the scores that it gives itself."""

from transformers import pipeline

from textattack_xmtc.wrappers import HuggingFaceWrapper

model = HuggingFaceWrapper.from_pipeline(pipeline("text-classification", model="tagger", top_k=None))
