"""Images without an answer: unsure or unfamiliar, and the sets of labels that hold the truth."""
