"""The ranges that numbers and texts of a document must lie in.

Whatever is read from a file or a request ends in arrays, keys, rows and terminals. A value outside
the range that was thought of when those were built is refused where it enters.
"""

import math
import re

from visionflow.errors import ConfigError

# DynamoDB keeps 38 digits between 1e-130 and 1e125; smaller ones are 0 for every use.
LARGEST = 1e12
SMALLEST = 1e-100

_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_number(where: str, value: float, low: float = -LARGEST, high: float = LARGEST) -> None:
    """Raise `ConfigError` unless ``value`` is a finite number in ``low..high``."""
    if not (math.isfinite(value) and low <= value <= high) or 0 < abs(value) < SMALLEST:
        raise ConfigError(f"{where}: must be in {low:g}..{high:g}, found {value!r:.40}")


def check_count(where: str, count: int, high: int, low: int = 0) -> None:
    """Raise `ConfigError` unless there are ``low`` to ``high`` entries."""
    if not low <= count <= high:
        raise ConfigError(f"{where}: must have {low} to {high:,} entries, found {count:,}")


def check_text(where: str, value: str, most: int = 200) -> None:
    """Raise `ConfigError` unless ``value`` has 1 to ``most`` characters that can be seen, with no
    blank at either end: it is printed into terminals and tables."""
    if not 1 <= len(value) <= most:
        raise ConfigError(f"{where}: must have 1 to {most:,} characters, found {len(value):,}")
    if value != value.strip() or not value.isprintable():
        raise ConfigError(
            f"{where}: must not hold control characters, nor blanks at its ends, "
            f"found {value!a:.80}"
        )


def check_sha256(where: str, value: str) -> None:
    """Raise `ConfigError` unless ``value`` is a SHA-256 in hex."""
    if not _SHA256.fullmatch(value):
        raise ConfigError(f"{where}: must be 64 hex digits, found {value!a:.80}")


def check_tree(where: str, value: object, depth: int) -> None:
    """Raise `ConfigError` unless the JSON-like ``value`` has at most ``depth`` levels, and numbers
    and texts in range."""
    if depth < 0:
        raise ConfigError(f"{where}: is nested too deeply")
    if isinstance(value, dict):
        for key, item in value.items():
            check_text(f"{where}, a key", str(key))
            check_tree(f"{where}.{key}", item, depth - 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_tree(where, item, depth - 1)
    elif isinstance(value, str):
        if value:
            check_text(where, value, most=1_000)
    elif isinstance(value, (int, float)):
        check_number(where, value)
