"""Drawing results: plots, and one page to read."""
