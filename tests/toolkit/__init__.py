"""What tests share: small victims and models, plain versions of the attacks, folders made up from a seed.

| to get | take |
|---|---|
| a victim from a function, weights or a table; a masked language model that proposes given words | `victims` |
| a random BERT classifier over whole words, and its tokenizer | `bert` |
| every kind of victim that this package wraps, for what must hold for all of them | `every_victim` |
| random classifiers of every family; masked language models of every family | `tiny_transformers`, `masked_lms` |
| goals put to a text; tiny pretrained encoders | `goals`, `encoders` |
| Algorithm 1 once more, in plain code, with random small worlds to run it on | `plain_attack`, `worlds` |
| the same for fewer queries, label trees, candidate words | `plain_frugal_attack`, `plain_tree`, `plain_candidates` |
| a corpus and trained models, attacked in seconds | `small_campaigns`, `hardening` |
| finished campaign folders, without an attack | `campaign_folders` |
| a corpus whose samples are drawn, and what a model finds best in it | `drawn_samples` |
| official checkpoints | `official_attention_xml`, `official_aplc_xlnet`, `pecos_models` |
| random documents and texts of all scripts; a small WordNet | `documents`, `unicode_texts`, `wordnet` |
| a real Annif server with projects of its own | `annif_server` |
| accidents: of a server, a worker, a training | `failing_server`, `dying_worker`, `interrupted_training` |
| the stock `textattack` command; its recipes; commands without a network | `commands`, `stock_recipes`, `no_network` |
| `textattack-xmtc` in a process that can be killed | `processes` |
| real data and models | `shared_folders` |
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""
