"""Prediction records and the feedback on them. Imports models and images."""
