"""Environment of the events function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class EventsSettings(EnvSettings):
    """Names of the bus and of the tables whose streams it reads, the URL of the queue of what can
    never be sent, and whether callers see only their own records (1)."""

    event_bus: str
    predictions_table: str
    registry_table: str
    jobs_table: str
    datasets_table: str
    unsent_queue_url: str
    own_records: int
