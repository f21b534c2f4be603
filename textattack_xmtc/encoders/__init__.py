"""Sentence encoders: whole texts as vectors."""
