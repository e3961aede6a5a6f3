"""How good a classifier is: scores, curves, calibration, and the evidence for its answers."""
