"""The step of a training job that publishes what it made."""
