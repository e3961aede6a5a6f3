"""Datasets: images by their content, their labels and facts, and versions that never change."""
