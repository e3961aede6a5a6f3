"""The one exception that ends a command."""


class CommandError(Exception):
    """A command cannot go on. ``str(error)`` is one sentence that says what to do about it."""
