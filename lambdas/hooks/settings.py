"""Environment of the hooks function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class HooksSettings(EnvSettings):
    """Name of the table of hooks, where the parameters of their secrets begin, URLs of the queue
    and of its dead letters, and whether receivers on this computer are allowed (1)."""

    hooks_table: str
    hook_secrets: str
    hook_queue: str
    hook_dead_letters: str
    allow_loopback: int
