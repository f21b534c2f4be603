"""Official checkpoints, read as models of this package: one file a family, and what they share.

`importers.attention_xml`, `importers.aplc_xlnet` and `importers.adv_xmtc` each hold a function that takes a path and
`ImportOptions` and gives a model, to be saved with `models.folder.save_model`. Nothing that is read runs code, unless
the user trusts its maker (`ImportOptions.trust`).
"""
