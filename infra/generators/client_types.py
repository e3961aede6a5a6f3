"""What the Python client reads answers into: the schemas of the API's description as dataclasses.

The classes that the functions answer with stand in `lambdas`, which a client does not have.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

import visionflow
from infra.errors import CommandError
from infra.generators import openapi
from infra.generators.files import Files
from infra.generators.operations.operation import Schema
from infra.packaging.workspace import PROJECT

TYPES_FILE = Path(visionflow.__path__[0]) / "client" / "answers.py"

_HEAD = '''"""What the API answers, made by `make types` from the API's description.

A newer server may answer with more fields, which are left out, and with other words where a field
lists some.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
'''
# Of a docstring that has room for its quotes in its line.
_LONGEST = 88
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def client_types() -> Files:
    """The module `visionflow.client.answers`."""
    return Files(lambda: {TYPES_FILE: module(openapi.document()["components"]["schemas"]).encode()})


def module(schemas: Schema) -> str:
    """The source of the module. Raises `CommandError` for a schema that it knows no type for."""
    classes = "\n".join(_class(name, schema) for name, schema in sorted(schemas.items()))
    return _formatted(f"{_HEAD}\n{classes}")


def _class(name: str, schema: Schema) -> str:
    fields = [f"    {field}: {_type(of)}" for field, of in schema["properties"].items()]
    said = schema.get("description", "").strip()
    end = "\n" if "\n" in said or len(said) > _LONGEST else ""
    lines = [textwrap.indent(f'"""{said}{end}"""', "    ")] if said else []
    return "\n".join(["@dataclass(frozen=True)", f"class {name}:", *lines, "", *fields, "", ""])


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name: str = schema["$ref"].rpartition("/")[2]
        return name
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    match schema.get("type"):
        case "array" | "object":
            return _container(schema)
        case None:
            return "Any"
        case str(kind) if kind in _PLAIN:
            return _PLAIN[kind]
    raise CommandError(f"The Python client knows no type for the schema {schema!r:.200}.")


def _container(schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"tuple[{', '.join(map(_type, schema['prefixItems']))}]"
    if schema["type"] == "array":
        return f"tuple[{_type(schema['items'])}, ...]"
    values = schema.get("additionalProperties", True)
    return f"dict[str, {'Any' if values is True else _type(values)}]"


def _formatted(source: str) -> str:
    settings = ["--config", str(PROJECT / "pyproject.toml")]
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        *settings,
        "--stdin-filename",
        str(TYPES_FILE),
        "-",
    ]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(f"The Python client's types cannot be formatted: {done.stderr}")
    return done.stdout
