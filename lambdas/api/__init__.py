"""Reading: the history, one prediction, and health."""
