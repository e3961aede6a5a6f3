"""Where datasets come from: downloads, S3, reviewed predictions, drawings."""
