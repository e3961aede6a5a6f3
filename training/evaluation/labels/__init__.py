"""Whether a dataset's labels are right, and how accurate they let a model be."""
