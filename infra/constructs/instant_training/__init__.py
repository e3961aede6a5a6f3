"""Instant training: a state machine and the functions that it calls."""
