"""Layers that compute what the published ones do in another way."""
