# ---
# jupyter:
#   kernelspec: {name: python3, display_name: Python 3, language: python}
# ---

# %% [markdown]
# # Harden a model
#
# An AttentionXML is trained, trained on against attacks with gradients, and both are attacked on the same samples.
# Sizes are small, so that this page takes a minute: what is shown is how, not how much.
# [Hardening](../harden.md) has figures on real data.

# %%
import os
import tempfile
from pathlib import Path

from small_corpus import write

os.chdir(tempfile.mkdtemp())
data = write(Path("data"), labels=20, train=400, test=150)

# %% language="bash"
# set -eo pipefail
# textattack-xmtc train attentionxml --data data --out plain --epochs 8 --hidden-size 16 --max-length 48 \
#     --batch-size 20 --seed 0 2>&1 | tail -2

# %% [markdown]
# ## Train on, on attacked texts
#
# In each step, part of the texts have words changed by an attack that knows the gradients.

# %% language="bash"
# set -eo pipefail
# textattack-xmtc harden plain --data data --out hardened --steps 30 2>&1 | tail -2

# %% [markdown]
# ## Both under attack

# %% language="bash"
# set -eo pipefail
# textattack-xmtc campaign --model plain --model hardened --data data --out attacked --k 3 --max-change-rate 0.2 \
#     --labels-per-bin 10 --samples-per-bin 5 --masked-lm xmtc-demo --encoder embedded 2>&1 | tail -1
# textattack-xmtc report attacked --compare plain hardened > compared.txt
# cat compared.txt
