"""The file of the state machine's definition; free of CDK, so that tests can run it."""

from pathlib import Path

DEFINITION = Path(__file__).with_name("definition.asl.json")
"""What backfills do."""
