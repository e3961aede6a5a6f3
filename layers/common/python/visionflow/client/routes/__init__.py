"""The groups of routes: a method for each."""
