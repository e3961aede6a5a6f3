"""`visionflow models`: versions, and which of them serve."""
