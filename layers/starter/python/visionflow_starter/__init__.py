"""The starter: the artifact that a fresh deployment classifies with, and whose trunk images are
compared by and instant training builds on."""

from pathlib import Path
from typing import Final

STARTER: Final = Path(__file__).parent
"""The artifact's folder."""
