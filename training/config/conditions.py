"""What every section of a config yields: conditions that its fields must meet."""

Condition = tuple[str, str, bool]
"""A field, what it must be, and whether it is."""
