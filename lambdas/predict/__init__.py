"""POST /predict: one picture in, one answer out."""
