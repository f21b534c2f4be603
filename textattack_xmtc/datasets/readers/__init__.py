"""Readers of the formats in which extreme multilabel collections are handed around: one file a format."""
