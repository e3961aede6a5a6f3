"""The function that embeds images of a dataset, a chunk in each call."""
