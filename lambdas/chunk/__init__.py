"""The function that classifies the images of a backfill, a chunk in each call."""
