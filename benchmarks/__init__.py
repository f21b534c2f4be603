"""Speed against written baselines, and studies on real data; `README.md` lists them with their results."""
