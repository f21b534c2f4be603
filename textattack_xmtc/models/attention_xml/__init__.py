"""AttentionXML (You et al., 2019), flat and as a label tree: networks, scorers, training, official checkpoints."""
