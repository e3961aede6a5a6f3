"""Training jobs: records, machines, settings. Imports models for their names."""
