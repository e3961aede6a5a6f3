"""Every text that an error of the server has for its reader is in Korean too.

An error's text stays where it is raised. The page finds it again by its template: what is written,
with the values as {a}, {b} and so on (`dashboard/src/i18n/errors.ko.json`).
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

from visionflow import errors
from visionflow.backfills.record import BackfillState
from visionflow.datasets.run import RunState
from visionflow.jobs.record import JobState

PROJECT = Path(__file__).parents[3]
ROOTS = ("lambdas", "layers/common/python/visionflow")
CATALOGUE = PROJECT / "dashboard" / "src" / "i18n" / "errors.ko.json"

ERRORS = {
    name
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, errors.VisionFlowError)
}
# What makes an error's text, or a part of one, elsewhere than where the error is raised.
FUNCTIONS = {
    "_complaints",
    "_folder_problem",
    "_length_problem",
    "_reason",
    "_title",
    "label_problem",
    "name_problem",
}
# And who did something by itself, as the audit trail names it.
NAMES = {
    *("_ABSENT", "_ARCHIVED", "_BUSY", "_ENCRYPTED", "_GONE", "_NO_VERSION", "_TOO_LONG"),
    *("BUDGET", "FLOW_RULE", "PLAIN_NAME_RULE", "REASON", "RULE", "by"),
}
# The text of an error that is raised again, or of one of those above.
PASSED_ON = {
    "_ARCHIVED",
    "_BUSY",
    "_ENCRYPTED",
    "_GONE",
    "_NO_VERSION",
    "_TOO_LONG",
    "self._reason(late, code)",
    "sentence",
    "str(error)",
    "str(found['error'])[:_LONGEST_REASON]",
}
WHOLE = {
    # The command line's estimate
    "days must be at least 1.",
    "megapixels must be above 0 and at most 1,000.",
    "memory must lie between 128 and 10,240 MB.",
    "the number of images must be above 0.",
    "the number of images per day must be above 0.",
    "there are no prices for {a}; there are some for {b}.",
    "there is no architecture {a}.",
    # A record that has no answer
    "The image could not be read, so it has no answer to confirm or correct.",
    "The image could not be read, so nothing is to explain.",
}


def template(text: ast.expr) -> str | None:
    """A literal or an f-string, with its values as slots."""
    match text:
        case ast.Constant(value=str(written)):
            return written
        case ast.JoinedStr(values=parts):
            slots = iter(f"{{{letter}}}" for letter in "abcdefghijklm")
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else next(slots) for part in parts
            )
    return None


def written(expression: ast.AST) -> Iterator[str]:
    """The templates in an expression that have words; also one within another's value."""
    if isinstance(expression, ast.expr) and (found := template(expression)) is not None:
        if " " in found.strip():
            yield found
        if isinstance(expression, ast.JoinedStr):
            for part in expression.values:
                if isinstance(part, ast.FormattedValue):
                    yield from written(part.value)
        return
    for child in ast.iter_child_nodes(expression):
        yield from written(child)


def called(node: ast.Call) -> str | None:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def titles(kinds: list[ast.expr]) -> Iterator[str]:
    """What files are called that begin with a pattern, of pairs of both."""
    for kind in kinds:
        match kind:
            case ast.Tuple(elts=[_, ast.Constant(value=str(title))]) if " " in title:
                yield title


def texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=[text, *_]) if called(node) in {*ERRORS, "refusal"}:
                yield from written(text)
            case ast.Call(args=[_, ast.Constant(value=str(owner)), *_]) if called(node) == "Row":
                yield owner
            case ast.Call(args=[_, expected, _]) if called(node) == "_mismatch":
                yield from written(expected)
            case ast.Assign(targets=[ast.Name(id="_OTHERS")], value=ast.Tuple(elts=kinds)):
                yield from titles(kinds)
            case ast.FunctionDef(name=name) if name in FUNCTIONS:
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return) and inner.value:
                        yield from written(inner.value)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name in NAMES:
                yield from written(value)


@cache
def trees() -> tuple[ast.Module, ...]:
    return tuple(
        ast.parse(file.read_text(encoding="utf-8"))
        for root in ROOTS
        for file in sorted((PROJECT / root).rglob("*.py"))
    )


@cache
def said() -> frozenset[str]:
    states = {*get_args(JobState), *get_args(RunState), *get_args(BackfillState)}
    return frozenset({text for tree in trees() for text in texts(tree)} | states)


@cache
def catalogue() -> dict[str, str]:
    found: dict[str, str] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return found


def test_every_text_of_an_error_is_in_korean_too() -> None:
    assert sorted(said() - catalogue().keys()) == []


def test_no_translation_is_of_a_text_that_is_gone() -> None:
    assert sorted(catalogue().keys() - said()) == []


def test_every_error_has_its_text_where_it_is_raised_or_where_this_looks_for_it() -> None:
    elsewhere = {
        ast.unparse(node.args[0])
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in ERRORS and node.args
        if template(node.args[0]) is None
    }
    assert elsewhere == PASSED_ON


def test_an_error_about_one_value_names_its_field() -> None:
    """So that a form can mark it. The others are about the request as a whole, or not the API's."""
    unnamed = {
        template(node.args[0])
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and len(node.args) == 1
        if called(node) in {"InvalidParameterError", "MissingFieldError", "TooManyLabelsError"}
    }
    assert {text for text in unnamed if text not in WHOLE} == set()


def test_a_translation_takes_no_value_that_the_english_lacks() -> None:
    slots = re.compile(r"\{\w+(?=[:}])")  # a state is marked as one: {b:state}
    wrong = [
        english
        for english, korean in catalogue().items()
        if not set(slots.findall(korean)) <= set(slots.findall(english))
    ]
    assert wrong == []


def test_the_catalogue_is_in_the_order_of_the_alphabet() -> None:
    assert list(catalogue()) == sorted(catalogue())
