"""Model versions and what serves: the registry table, and what its rows say."""

from visionflow.models.registry.rows import (
    Effort,
    Force,
    RegisteredVersion,
    Retirement,
    Tried,
    registration,
)
from visionflow.models.registry.table import ModelRegistry, Preview, first_promotion
from visionflow.models.registry.versions import CLAIM_LIFETIME

__all__ = [
    "CLAIM_LIFETIME",
    "Effort",
    "Force",
    "ModelRegistry",
    "Preview",
    "RegisteredVersion",
    "Retirement",
    "Tried",
    "first_promotion",
    "registration",
]
