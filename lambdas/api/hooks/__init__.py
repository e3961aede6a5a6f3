"""Hooks: who is told of events, and how that went."""
