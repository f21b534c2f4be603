"""Tables of a report: a file for each group of them."""
