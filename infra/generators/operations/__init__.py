"""The descriptions of the routes, by subject."""
