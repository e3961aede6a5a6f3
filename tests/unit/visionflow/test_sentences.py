"""Every sentence that the server stores for a page has a code and a translation."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from visionflow.sentences import SENTENCES, document, in_korean, read, say

PROJECT = Path(__file__).parents[3]
ROOTS = ("lambdas", "layers/common/python/visionflow", "training", "infra/cli/jobs")
# Fields that a page shows, and what makes one of them.
FIELDS = {"reason", "skipped", "fallback_reason"}
MAKERS = {"Verdict", "JobOutcome", "Curves", "LabelCheck", "_skipped", "not_quantized", "_end"}
REASONS = {"why_not", "refusal", "broken_by", "_overspent", "_broken", "_reason", "scheme"}
# An error with a code of its own, of which the page has the sentence; or for a terminal only.
NOT_SHOWN = ("lambdas/classification/decoder.py", "training/fit/tracking.py", "training/cli/")
VALUES = {
    "hours": 2.0,
    "cost": 1.5,
    "budget": 2.0,
    "rate": 0.25,
    "limit": 0.1,
    "new": 0.9,
    "current": 0.8,
    "gain": 0.05,
    "top1": 0.9,
    "before": 0.8,
    "seconds": 30.0,
    "lost": 1.25,
    "allowed": 0.5,
    "ratio": 1.2,
    "share": 0.1,
}


def spoken(code: str) -> tuple[str, dict[str, object]]:
    names = re.findall(r"\{(\w+)", SENTENCES[code].en)
    values: dict[str, object] = {name: VALUES.get(name, f"<{name}>") for name in names}
    if code == "ended_as":
        values["before"] = "running"
    return say(code, **values), values


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_found_again_by_its_code(code: str) -> None:
    text, values = spoken(code)
    found = read(text)
    assert found is not None
    assert found[0] == code
    assert found[1].keys() == values.keys()


@pytest.mark.parametrize("code", SENTENCES)
def test_the_korean_has_the_values_of_the_english(code: str) -> None:
    names = re.compile(r"\{(\w+)")
    assert set(names.findall(SENTENCES[code].ko)) == set(names.findall(SENTENCES[code].en))


def test_a_sentence_within_a_sentence_is_translated_too() -> None:
    interrupted = say("resume_to_go_on", reason=say("interrupted"))
    assert in_korean(interrupted) == ("머신이 중단되었습니다. 작업을 재개하면 이어서 진행합니다.")
    failed = say("form_failed", form="minmax", reason=say("not_faster", ratio=1.2))
    assert (in_korean(failed) or "").startswith("minmax: int8이 빠르지 않습니다")


@pytest.mark.parametrize("text", ["better on cats", "a: b", "first; second", ""])
def test_what_people_write_is_not_a_sentence_of_the_server(text: str) -> None:
    assert in_korean(text) is None


def test_the_dashboard_has_the_same_sentences() -> None:
    shown = PROJECT / "dashboard" / "src" / "i18n" / "sentences.json"
    assert json.loads(shown.read_text(encoding="utf-8")) == document()


def texts_made(tree: ast.Module) -> Iterator[ast.expr]:
    """Expressions that become a text which a page shows."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                yield from (word.value for word in node.keywords if word.arg in FIELDS)
                if name in MAKERS:
                    yield from node.args
            case ast.Assign(targets=[ast.Name(id="reason")], value=value):
                yield value
            case ast.FunctionDef(name=name) if name in REASONS:
                yield from (
                    inner.value
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Return) and inner.value
                )


def literals(expression: ast.expr) -> Iterator[str]:
    """Sentences that are written where ``expression`` is, in any branch of it."""
    match expression:
        case ast.Constant(value=str(text)) if " " in text:
            yield text
        case ast.JoinedStr():
            yield ast.unparse(expression)
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from literals(part)
        case ast.IfExp(body=body, orelse=other):
            yield from literals(body)
            yield from literals(other)


def test_no_text_that_a_page_shows_is_written_without_a_translation() -> None:
    raw = [
        f"{file.relative_to(PROJECT)}: {text}"
        for root in ROOTS
        for file in sorted((PROJECT / root).rglob("*.py"))
        if not any(part in str(file) for part in NOT_SHOWN)
        for made in texts_made(ast.parse(file.read_text(encoding="utf-8")))
        for text in literals(made)
    ]
    assert raw == [], "\n".join(raw)
