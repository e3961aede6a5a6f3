"""Fitting weights: recipes, the loop of one phase, checkpoints, processes, tracking."""
