"""Every label can be seen, and can be the name of a folder on every system."""

import unicodedata

import pytest

from visionflow.labels import MAX_LABEL, composed, label_key, label_problem, twins

DEVICES = ("con", "NUL", "aux.txt", "Com1", "lpt9 .x", "com¹")


@pytest.mark.parametrize(
    "label",
    [
        *(
            "rose",
            "Siamese cat",
            "고양이",
            "crème brûlée",
            "a.b",
            "no. 5 (red)",
            "=1+1",
            "$x$",
            "-",
        ),
        *("🍎", "training", "console", "contest", "rose's", "50 %", "x" * MAX_LABEL, "각" * 85),
        composed("각"),
    ],
)
def test_names_of_things_are_labels(label: str) -> None:
    assert label_problem(label) is None


@pytest.mark.parametrize(
    ("label", "why"),
    [
        *((text, "is empty") for text in ("", " ", "\t", "\u3000")),
        *((f"a{c}b", "U+") for c in "\n\r\t\0\x1b\x07\x7f\x85\x9b\u2028\u2029\xad"),
        *((f"a{c}b", "U+") for c in "\u200b\u200c\u200d\u2060\ufeff\u200e\u202e\u2066\u061c"),
        *((f"a{c}b", "U+") for c in "\u00a0\u3000\u034f\u3164\ufe0f\U000e0101\U000e0041\u2800"),
        *((f"a{c}b", "U+") for c in ("\ud800", "\udce9", "\ue000", "\U0010ffff")),
        ("\x1b]0;title\x07", "U+001B"),
        *((f"a{c}b", "cannot hold") for c in '/\\:*?"<>|'),
        *((name, "begins or ends") for name in (".", "..", ".hidden", "a.", "a ", " a")),
        *((name, "name of a file") for name in ("lineage.jsonl", "Groups.CSV", "report.json")),
        *((name, "device") for name in DEVICES),
        ("x" * (MAX_LABEL + 1), "121 characters"),
        ("각" * 86, "258 bytes"),
        (unicodedata.normalize("NFD", "각"), "NFC"),
    ],
)
def test_what_hides_or_leads_elsewhere_is_no_label(label: str, why: str) -> None:
    assert why in str(label_problem(label))


@pytest.mark.parametrize("code", range(0x00, 0xA1))
def test_only_printable_characters_of_latin_1_pass(code: int) -> None:
    refused = label_problem(f"a{chr(code)}b") is not None
    assert refused == (not chr(code).isprintable() or chr(code) in '/\\:*?"<>|')


def test_names_that_one_folder_would_have_are_twins() -> None:
    apart = unicodedata.normalize("NFD", "각")
    assert twins(["a", "B", "b", "A"]) == ("B", "b")
    assert twins(["각", apart]) == ("각", apart)
    assert twins(["Straße", "STRASSE"]) == ("Straße", "STRASSE")
    assert twins(["É", unicodedata.normalize("NFD", "é")])
    assert twins(["a", "b", "ab"]) is None
    assert label_key("ROSE") == label_key("rose")
