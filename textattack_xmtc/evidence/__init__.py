"""How much a word of a text speaks for a label."""
