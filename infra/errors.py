"""The exception that ends a command."""


class CommandError(Exception):
    """A command cannot continue. ``str(error)`` is a sentence with what is wrong and what to do."""
