"""Training the networks of this package: one loop, and what each architecture adds to it."""
