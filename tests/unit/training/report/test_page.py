import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from training.report.page import COSTED, page
from training.report.plots import PLOTS
from training.results.findings import ImageAnswer
from training.results.groups import Leak
from training.results.labels import LabelCheck
from training.results.report import Report
from visionflow.costs.estimate import estimate
from visionflow.costs.measured import measured
from visionflow.sentences import say

# Shown as cards with the images themselves, not as the plot.
CARDS = {"right_answers", "wrong_answers", "mistakes", "stage_activations"}


class _Elements(HTMLParser):
    """Start tags with their attributes; checks that what is opened is closed."""

    VOID = frozenset({"meta", "input", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html(drawn: tuple[Path, tuple[str, ...]]) -> str:
    folder, _ = drawn
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_needs_nothing_beside_it(html: str) -> None:
    elements = _Elements(html)
    assert not elements.open
    assert not [tag for tag, _ in elements.found if tag in {"script", "link", "iframe", "object"}]
    sources = [attributes["src"] for tag, attributes in elements.found if tag == "img"]
    assert all((source or "").startswith("data:image/") for source in sources)
    assert "http:" not in html and "https:" not in html and "url(" not in html


def test_every_plot_is_in_the_page(html: str) -> None:
    elements = _Elements(html).found
    assert sum(tag == "figure" for tag, _ in elements) == len(set(PLOTS) - CARDS)
    assert all(attributes.get("alt") for tag, attributes in elements if tag == "img")


def test_the_page_says_all_in_english_and_in_korean(html: str) -> None:
    languages = [attributes.get("lang") for _, attributes in _Elements(html).found]
    assert languages.count("en") == languages.count("ko") + 1 > 50
    for heading in ("Confidence", "신뢰도", "Worst mistakes", "확신했지만 틀린 답"):
        assert f">{heading}</span>" in html


def test_dates_spans_of_time_and_notes_are_in_both_languages(report: Report) -> None:
    reason = say("form_failed", form="min-max", reason=say("not_faster", ratio=1.2))
    unquantized = replace(report.quantization, fallback_reason=reason)
    html = page(replace(report, quantization=unquantized), {})
    for english, korean in (
        ("2 January 2030, 03:04 UTC", "2030년 1월 2일 03:04 UTC"),
        ("1 min 15 s", "1분 15초"),
        ("-0.50 pp", "-0.50%p"),
        (reason, "min-max: int8이 빠르지 않습니다. fp32 대비 실행 시간 1.20배"),
    ):
        assert f'<span lang="en">{english}</span><span lang="ko">{korean}</span>' in html


def test_the_address_chooses_the_language(html: str) -> None:
    links = [attributes.get("href") for tag, attributes in _Elements(html).found if tag == "a"]
    assert links == ["#language-en", "#language-ko"]
    assert '#language-ko:target ~ * [lang="en"] { display: none; }' in html
    assert '#language-ko:not(:target) ~ * [lang="ko"]' in html


def test_the_page_says_what_is_unknown(html: str, report: Report) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    unfamiliar = report.unfamiliar
    assert unfamiliar is not None
    assert "95% of the model's own images" in text.replace("&#39;", "'")
    for one, name in zip(
        unfamiliar.strangers,
        ("pages of text", "geometric shapes", "noise, stripes, checks", "handwritten digits"),
        strict=True,
    ):
        assert name in text
        assert f"{one.images} {one.auroc:.3f} {one.answered:.1%}" in text
    assert [one.coverage for one in report.prediction_sets] == [0.8, 0.9, 0.95]
    for sets in report.prediction_sets:
        assert f"{sets.coverage:.0%} {sets.measured:.1%}" in text


def test_a_page_without_familiarity_and_sets_is_whole(report: Report) -> None:
    bare = page(replace(report, unfamiliar=None, prediction_sets=()), {})
    assert not _Elements(bare).open
    assert "Prediction sets" not in bare and "AUROC" not in bare


def test_the_page_has_the_tables(html: str) -> None:
    english = re.sub(r'<span lang="ko">[^<]*</span>', "", html)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", english))
    # size, share of the base, latency, speed-up, top-1, its change and cost of what serves
    cost = estimate(COSTED, measured().with_model("int8", 1.0)).http.per_million
    row = "ONNX int8 ✓ 1.00 MB 25% 1.00 ms \N{MULTIPLICATION SIGN} 4.00 89.50% -0.50 pp"
    assert f"{row} {cost:.2f}" in text
    assert "int8_top1_drop 0.0050 0.0050 ✓ passed" in text
    assert "min-max +2.00 pp red +8.00 pp \N{EN DASH} ✗ failed" in text
    assert "model.widths 8, 8" in text and "2 x Some Processor" in text
    assert "ab" * 32 in text
    assert "1 min 15 s" in text and "stopped early" in text
    assert re.search(r"green → red|blue → green|red → blue", text)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_top_5_is_in_the_page_of_more_than_five_classes_only(report: Report, html: str) -> None:
    assert len(report.test.classes) <= 5
    assert "op-5" not in html
    more = (*report.test.classes, *report.test.classes)
    scores = replace(report.test, classes=more, confusion=report.test.confusion)
    assert "Top-5, test" in page(replace(report, test=scores), {})


def test_the_page_tells_what_is_answered_and_what_of_it_is_right(report: Report, html: str) -> None:
    test = report.test
    low, high = test.known_top1_interval.low, test.known_top1_interval.high
    assert f"{test.known:.2%} {test.answered} of {test.images} images" in words(html)
    assert f"n = {test.answered}" in words(html)
    assert f"{low:.1%} \N{EN DASH} {high:.1%}" in words(html)


def test_a_threshold_that_holds_nothing_back_is_said(report: Report) -> None:
    used = words(page(replace(report, unknown_threshold=0.5), {}))
    assert "The threshold in use is 0.50." in used and "never answers" not in used
    for threshold in (0.0, 1 / len(report.data.labels)):
        without = replace(report, unknown_threshold=threshold)
        assert "never answers that it is unsure" in words(page(without, {}))
        bare = words(page(replace(without, unfamiliar=None), {}))
        assert (
            "never answers “unknown”" in bare and "이 모델은 “unknown”으로 답하지 않습니다" in bare
        )
        assert "threshold in use" not in bare


def test_the_gate_claims_the_export_and_not_the_quality(html: str) -> None:
    assert "They prove the export" in html and "게이트는 변환이 올바른지" in html


def test_values_are_escaped(report: Report) -> None:
    attack = '"><script>alert(1)</script>'
    labels = (attack, *report.data.labels[1:])
    scores = replace(
        report.test,
        classes=(replace(report.test.classes[0], label=attack), *report.test.classes[1:]),
        most_confused=(replace(report.test.most_confused[0], truth=attack, answer=attack),),
    )
    mistake: ImageAnswer = replace(report.findings.mistakes[0], file=attack, truth=attack)
    html = page(
        replace(
            report,
            name=attack,
            config={**report.config, attack: attack},
            data=replace(report.data, labels=labels),
            test=scores,
            findings=replace(report.findings, mistakes=(mistake,)),
        ),
        {},
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 8
    assert not _Elements(html).open


def test_what_was_left_out_is_said(report: Report) -> None:
    frog = replace(report.test.classes[0], images=0, precision=None, recall=None, f1=None)
    findings = replace(
        report.findings,
        curves=replace(report.findings.curves, skipped="of one class", roc=None),
        embedding_map=replace(report.findings.embedding_map, skipped="12 are too few"),
        mistakes=(),
        wrong=(),
        activations=None,
    )
    html = page(
        replace(
            report,
            test=replace(report.test, classes=(frog, *report.test.classes[1:])),
            quantization=replace(report.quantization, fallback_reason="int8 lost too much"),
            findings=findings,
        ),
        {},
    )
    assert "of one class<" in html and "12 are too few<" in html
    assert "int8 lost too much" in html
    assert "not measured and not in the macro means:</span>" in html
    assert "None: every test image was classified correctly." in html
    assert "Inside the network" not in html and "Wrong answers</span>" not in html


def test_groups_and_what_a_split_by_file_would_leak_are_stated(report: Report, html: str) -> None:
    assert "180 images form 75 groups; the largest has 4 images." in html
    assert "31 of 120 validation and test images" in html
    assert "검증과 테스트 이미지 120장 중 31장" in html
    assert "cannot be measured" not in html
    leak = Leak("test", 60, 7, ("test/red/1.png",))
    groups = replace(report.data.groups, single_group_labels=("red",), leaks=(leak,))
    warned = page(replace(report, data=replace(report.data, groups=groups)), {})
    assert "accuracy on the class cannot be measured:</span>" in warned
    assert "7 of 60 images share a group with an earlier part" in warned
    assert "test/red/1.png" in warned


def test_suspicious_labels_and_both_accuracies_are_in_the_page(report: Report, html: str) -> None:
    suspect = report.labels.suspects[0]
    assert suspect.image is not None
    assert suspect.image in html
    assert f"{suspect.suggested} ({suspect.suggested_confidence:.1%})" in html
    for top1, low, high in (("70.0%", "60.0%", "80.0%"), ("90.0%", "85.0%", "95.0%")):
        assert re.search(f"<td>{top1}</td><td>{low} . {high}</td>", html)
    without = replace(report, labels=LabelCheck("no scenes", None, (), 0))
    assert "no scenes<" in page(without, {})


def test_the_page_shows_each_level_of_labels_with_parents(html: str, report: Report) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    levels = report.levels
    assert levels is not None
    assert "Labels and their parents" in text and "레이블과 상위 항목" in text
    for one in levels.levels:
        assert f"{one.level} {one.names} {one.top1:.2%}" in text
    assert f"{levels.served.right:.1%} of these answers are right" in text
    flat = page(replace(report, levels=None, tree=()), {})
    assert "Labels and their parents" not in flat
