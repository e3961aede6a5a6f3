"""The steps of a backfill: listing its source, and what comes after its map."""
