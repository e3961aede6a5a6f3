"""The page about security says what the code does."""

import re

from infra.packaging.workspace import PROJECT
from visionflow.access.roles import SCOPES_OF

PAGE = PROJECT / ".github" / "SECURITY.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (.+) \|$", re.MULTILINE)


def test_the_table_of_roles_is_the_code_s() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    said = {role: frozenset(re.findall(r"`([a-z]+)`", scopes)) for role, scopes in rows}
    assert said == SCOPES_OF


def test_what_the_page_names_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    commands = re.findall(r"`make ([a-z]+)`", text)
    assert commands
    assert {*commands} <= {*targets}
    assert (PROJECT / "lambdas" / "web" / "routes.py").is_file()
    assert len(text.splitlines()) <= 100
