"""The package's own commands: `textattack-xmtc train | evaluate | ...`, one module each."""
