"""Every route but POST /predict."""
