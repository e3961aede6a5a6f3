"""Keeps the text of the repository to its words, and folders and READMEs to a readable size."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = "tests/unit/test_language.py"
READ = (".md", ".py", ".toml", ".j2", ".ts", ".tsx", ".html", "i18n/en.json")
# Written by programs: their sources are checked.
GENERATED = (".d.ts",)

# What is found -> what to write instead. A space stands for any white space, a line's end included.
TICS: Mapping[str, str] = {
    r"(?<!HTML)picture(?!Element)": "image",
    r"\breckon(s|ed|ing)?\b": "estimate, compute",
    r"\btold (apart )?from\b": "computed from, distinguished from",
    r"\bso manieth\b": "every n-th",
    r"\bspoken of\b": "without feedback, mentioned",
    r"\bnobody asks\b": "idle",
    r"\bdata sets?\b": "dataset",
    r"(?<!there\s)\b(is|are) no (model|failure|answer|image|picture|number|prediction|version|JSON|"
    r"event|choice|dimension|name|sum|\d+)s?\b": "is not a ...",
    r"\| it says \| do \|": "Message / What to do",
    r"\bAWS did not do it\b": "AWS refused: <its reason>",
    r"\bon trial no more\b": "not watched again",
    r"% of validation\b": "% validation accuracy",
    r"\bwere to be (reached|met)\b": "target X, reached Y",
    r"\bpoints( of \w+)?( \S+)? away\b": "lost X points",
    r"\b(there|where)of\b": "two sentences",
}
_PATTERNS = {
    # A comment that goes on in the next line begins with its mark.
    re.compile(tic.replace(" ", r"\s(?:\s*(?:[#*>]|//)\s)?\s*"), re.IGNORECASE): cure
    for tic, cure in TICS.items()
}

README_LINES = {"README.md": 120}
OTHER_README_LINES = 100
# It is rendered from result files, one row for each figure.
RENDERED = "tests/benchmarks/README.md"

SOURCES = ("infra/", "lambdas/", "layers/", "training/", "dashboard/src/")
MODULES = (".py", ".ts", ".tsx")
MOST_MODULES = 13

_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@cache
def tracked() -> tuple[str, ...]:
    """Paths of the files that git tracks and that exist."""
    git = shutil.which("git")
    assert git is not None
    listed = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return tuple(name for name in listed if name and (ROOT / name).exists())


def tics(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, phrase and cure of each tic."""
    for pattern, cure in _PATTERNS.items():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield line, " ".join(match.group().split()), cure


def crowded(paths: tuple[str, ...], most: int = MOST_MODULES) -> dict[str, int]:
    """Source folders with more than ``most`` modules of their own."""
    folders = Counter(
        str(Path(path).parent)
        for path in paths
        if path.startswith(SOURCES)
        and path.endswith(MODULES)
        and not path.endswith(("__init__.py", *GENERATED))
    )
    return {folder: count for folder, count in folders.items() if count > most}


def dead_links(folder: Path, text: str) -> Iterator[str]:
    """Links to files and headings that do not exist, seen from ``folder``."""
    for path, heading in _LINK.findall(_FENCED.sub("", text)):
        target = folder / path
        if path and not target.exists():
            yield path
        elif path.endswith(".md") and heading and heading not in slugs(target.read_text("utf-8")):
            yield f"{path}#{heading}"


def slugs(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("One\npicture.", "picture"),
        ("MAP_PICTURES_FILE", "PICTURE"),
        ("every so\nmanieth", "so manieth"),
        ("# while nobody\n# asks", "nobody # asks"),
        ("This is no model.", "is no model"),
        ("| it says | do |", "| it says | do |"),
        ("int8 gave 0.2 points away", "points away"),
        ("a data set", "data set"),
    ],
)
def test_a_tic_is_found(text: str, phrase: str) -> None:
    assert [found for _, found, _ in tics(text)] == [phrase]


@pytest.mark.parametrize(
    "text", ["There is no model.", "HTMLPictureElement", "datasets", "no longer", "it says so"]
)
def test_plain_text_is_left_alone(text: str) -> None:
    assert list(tics(text)) == []


def test_a_crowded_folder_and_a_dead_link_are_found(tmp_path: Path) -> None:
    paths = tuple(f"infra/many/{name}.py" for name in ("a", "b", "c", "__init__"))
    assert crowded(paths, most=2) == {"infra/many": 3}
    assert crowded(paths, most=3) == {}
    (tmp_path / "there.md").write_text("# One heading: two\n", encoding="utf-8")
    text = (
        "[a](there.md) [b](gone.md) [c](there.md#one-heading-two) [d](there.md#no) [e](https://x.y)"
    )
    assert list(dead_links(tmp_path, text)) == ["gone.md", "there.md#no"]


def test_the_repository_keeps_to_its_words() -> None:
    found = [
        f"{name}:{line}: {phrase!r} -> {cure}"
        for name in tracked()
        if name.endswith(READ) and not name.endswith(GENERATED) and name != OWN
        for line, phrase, cure in tics((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert not found, f"{len(found)} phrases to replace:\n" + "\n".join(found)


def test_no_readme_is_longer_than_its_reader_has_patience() -> None:
    lengths = {
        name: len((ROOT / name).read_text(encoding="utf-8").splitlines())
        for name in tracked()
        if Path(name).name == "README.md" and name != RENDERED
    }
    long = {
        name: lines
        for name, lines in lengths.items()
        if lines > README_LINES.get(name, OTHER_README_LINES)
    }
    assert not long, f"cut, or move decisions to DECISIONS.md: {long}"


def test_no_source_folder_is_crowded() -> None:
    found = crowded(tracked())
    assert not found, f"give these sub-packages, at most {MOST_MODULES} modules each: {found}"


def test_every_link_between_documents_leads_somewhere() -> None:
    found = [
        f"{name}: {link}"
        for name in tracked()
        if name.endswith(".md")
        for link in dead_links((ROOT / name).parent, (ROOT / name).read_text(encoding="utf-8"))
    ]
    assert not found, "dead links:\n" + "\n".join(found)
