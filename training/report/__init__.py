"""What a run found: as data, as plots, and as one page to read."""
