"""What predictions add up to: counters, shadows, drift. Imports predictions and below."""
