"""POST /predict: one image in, one answer out. Heatmaps of what was answered before."""
