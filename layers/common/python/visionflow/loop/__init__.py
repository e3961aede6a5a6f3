"""The loop: from records of the history to datasets, and from datasets to trainings."""
