"""Backfills: a state machine, the functions that it calls, and the table of their results."""
