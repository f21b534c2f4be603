"""A pretrained encoder under the heads of AttentionXML, flat and as label tree, and of APLC-XLNet."""
