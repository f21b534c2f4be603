"""Whatever a file or text holds: this package's own errors, or an answer; no hang, and nothing written elsewhere.

`make test` tries 2,000 inputs, the same ones every time; `make fuzz` tries 100,000 new ones, or as many as
`make fuzz INPUTS=...` says.
"""
