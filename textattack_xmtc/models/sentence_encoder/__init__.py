"""Sentence encoder: one vector a text from a pretrained encoder, then a row a label, or the nearest training texts."""
