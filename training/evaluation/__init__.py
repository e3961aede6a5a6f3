"""What a classifier is worth: scores, curves, calibration, and where its answers come from."""
