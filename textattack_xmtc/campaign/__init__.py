"""Experiments as section 4 of the paper runs them: samples by label frequency, attacked on several models, judged."""
