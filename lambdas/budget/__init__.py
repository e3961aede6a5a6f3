"""Stops the stage when its budget is spent, and starts it again."""
