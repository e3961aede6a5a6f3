"""Two versions compared by the answers of a backfill: how often they differ, where, and how."""
