"""A Text2Text model of PECOS, in a process of its own; XMTC_PECOS_PYTHON names the interpreter that has libpecos."""

from textattack_xmtc.wrappers import PecosWrapper

model = PecosWrapper("text2text", post_processor="sigmoid")  # its own, l3-hinge, is 1 for all that is likely
