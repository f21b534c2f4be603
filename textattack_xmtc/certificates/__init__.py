"""How many words of a text may be exchanged at will before a label can leave the k best: proofs, not attacks."""
