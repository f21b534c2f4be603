"""APLC-XLNet (Ye et al., 2020): network, label clusters, scorer, training, official checkpoints."""
