"""Everything of one owner: erasing it."""
