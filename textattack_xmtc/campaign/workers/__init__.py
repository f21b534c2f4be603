"""A campaign in several processes: workers of this machine or actors of a Ray cluster."""
