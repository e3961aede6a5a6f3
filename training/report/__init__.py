"""Results drawn: as plots, and as one page to read."""
