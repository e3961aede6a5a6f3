"""Bring a model that exists: from a file that other tools wrote to an artifact like any other."""
