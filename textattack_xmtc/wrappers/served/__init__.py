"""Files that run in a victim's own environment: they import nothing of this package."""
