"""Which images of a dataset are shots of the same thing, so that they stay in one part."""
