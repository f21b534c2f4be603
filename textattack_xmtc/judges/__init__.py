"""Judges: does the label still fit the changed text? One file a judge, and what its answers are worth."""
