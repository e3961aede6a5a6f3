"""Instant training: from a dataset to a version of a model, step by step."""
