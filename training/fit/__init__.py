"""Fitting weights: recipes, the loop of one phase, and what keeps a run alive."""
