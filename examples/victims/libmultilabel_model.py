"""A linear model of LibMultiLabel in a process of its own; LIBMULTILABEL_PYTHON names the interpreter that has it."""

import os

from textattack_xmtc.wrappers import ProcessWrapper

model = ProcessWrapper(os.environ["LIBMULTILABEL_PYTHON"], "served.py", "pipeline/linear_pipeline.pickle", shown=3)
