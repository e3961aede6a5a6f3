"""``visionflow backfill``."""
