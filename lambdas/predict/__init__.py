"""POST /predict: one image in, one answer out."""
