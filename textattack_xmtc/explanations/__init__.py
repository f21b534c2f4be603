"""Why a label comes for a text."""
