"""Renews every committed file that is made from others: ``python -m infra.generators [--check]``.

With ``--check`` nothing is written: each file that is out of date is named with the command that
renews it, and the exit code is 1.
"""

import argparse
import sys
from collections.abc import Sequence

from infra.errors import CommandError
from infra.generators import openapi, training_options
from infra.generators.client_types import client_types
from infra.generators.dashboard_types import FORMATS_FILE, DashboardTypes, image_formats
from infra.generators.files import Files, json_file, module_file
from infra.generators.locks import Locks
from infra.generators.schemas import (
    EVENT_SCHEMA_FILE,
    REPORT_SCHEMA_FILE,
    event_document,
    report_document,
)
from infra.packaging.workspace import PROJECT
from visionflow import junk, sentences
from visionflow.jobs.options import OPTIONS_FILE

PAGE = PROJECT / "dashboard" / "src"
SENTENCES_FILE = PAGE / "i18n" / "sentences.json"
JUNK_FILE = PAGE / "ui" / "intake" / "junk.json"

Generator = Files | DashboardTypes | Locks

# In the order in which they are made: the dashboard's types come from descriptions above them.
GENERATORS: tuple[Generator, ...] = (
    json_file(openapi.OPENAPI_FILE, openapi.document),
    client_types(),
    json_file(OPTIONS_FILE, training_options.document, indent=1),
    json_file(REPORT_SCHEMA_FILE, report_document),
    json_file(EVENT_SCHEMA_FILE, event_document),
    json_file(SENTENCES_FILE, sentences.document),
    json_file(JUNK_FILE, junk.document),
    module_file(FORMATS_FILE, "visionflow/images/formats.py", image_formats),
    DashboardTypes(),
    Locks(),
)


def main(
    arguments: Sequence[str] | None = None, generators: Sequence[Generator] = GENERATORS
) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a file is out of date")
    check = parser.parse_args(arguments).check
    found = 0
    try:
        for generator in generators:
            if not check:
                generator.renew()
                continue
            for file in generator.stale():
                found = 1
                print(f"{file}: out of date; renew it with '{generator.command}'", file=sys.stderr)
    except CommandError as error:
        sys.exit(str(error))
    return found


if __name__ == "__main__":
    sys.exit(main())
