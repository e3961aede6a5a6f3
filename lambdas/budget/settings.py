"""Environment of the budget function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class BudgetFunctionSettings(EnvSettings):
    """The tables of usage and of changes, and the id of the mapping that feeds dropped images to
    `ingest`."""

    usage_table: str
    audit_table: str
    ingest_mapping: str
