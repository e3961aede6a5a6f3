"""A version answers images that another one has answered, for comparison alone."""
