"""The page of the audit trail has a name in both languages for all that is written into it."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from lambdas.web.routes import ROUTES
from visionflow.access.budget import Order

PROJECT = Path(__file__).parents[4]
# A form is signed, and images and answers of devices have records of their own.
NOT_AUDITED = {"POST /uploads", "POST /predict", "POST /predictions"}


def by_themselves() -> Iterator[str]:
    """The third argument of `AuditLog.change`, where no request makes the change."""
    for file in sorted((PROJECT / "lambdas").glob("[!a]*/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="change"),
                    args=[_, _, ast.Constant(value=str(action)), *_],
                ):
                    yield action
                case ast.Call(func=ast.Attribute(attr="change"), args=[_, _, ast.JoinedStr(), *_]):
                    yield from (f"budget {order}" for order in get_args(Order))


def commands() -> Iterator[str]:
    """What the command line writes: named where it is written, or where the command is made."""
    for file in sorted((PROJECT / "infra" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="change"),
                    args=[ast.Constant(value=str(action)), *_],
                ):
                    yield f"visionflow {action}"
                case ast.Call(
                    func=ast.Name(id="_move"), args=[_, ast.Constant(value=str(name)), *_]
                ):
                    yield f"visionflow models {name}"


def audited() -> set[str]:
    routes = {f"{route.method} {route.path}" for route in ROUTES if route.method != "GET"}
    return (routes - NOT_AUDITED) | set(by_themselves()) | set(commands())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_change_has_a_name(language: str) -> None:
    texts = PROJECT / "dashboard" / "src" / "i18n" / "audit" / f"{language}.json"
    assert set(json.loads(texts.read_text(encoding="utf-8"))) == audited()


def test_changes_without_a_request_are_found() -> None:
    assert {"roll back", "train", "publish", "budget stop"} <= set(by_themselves())
    assert {"visionflow jobs start", "visionflow models promote"} <= set(commands())
