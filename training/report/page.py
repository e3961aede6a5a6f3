"""`report.html`: a report as one page that needs nothing beside it, in English and Korean."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import jinja2
from markupsafe import Markup

from training.config import dotted
from training.report.overlay import heat_overlay
from training.report.plot_style import write_plots
from training.report.plots import PLOTS
from training.results.data_url import data_url, file_url, pixels_of
from training.results.findings import THUMBNAIL_SIDE, ActivationMap, ImageAnswer
from training.results.report import FORM_NAMES, ModelMeasure, Report
from training.results.scores import ClassScores
from training.texts.catalogue import spans, text_spans
from visionflow.costs.amounts import Workload
from visionflow.costs.estimate import estimate
from visionflow.costs.measured import measured
from visionflow.sentences import in_korean

PAGE_FILE = "report.html"
MOST_SUSPECTS = 48
# A sentence names no more classes; with more rows the table of classes is folded.
MOST_LISTED, MOST_ROWS = 20, 60
# A typical photo, at a rate where fixed costs do not matter.
COSTED = Workload(per_day=10_000, megapixels=3.0)

_FOLDER = Path(__file__).parent
_NOT_MEASURED = "\N{EN DASH}"


def draw(report: Report, folder: Path) -> tuple[str, ...]:
    """Write the plots and `PAGE_FILE` into ``folder``; returns their paths relative to it."""
    plots = write_plots(PLOTS, report, folder / "plots")
    (folder / PAGE_FILE).write_text(page(report, plots), encoding="utf-8")
    return (*(f"plots/{name}.png" for name in plots), PAGE_FILE)


def page(report: Report, plots: Mapping[str, bytes]) -> str:
    """The HTML. ``plots``: PNG files by the names of `plots.PLOTS`.

    No script, nothing loaded from outside, and every value escaped by the template engine.
    """
    template = environment().get_template("page.html.j2")
    return template.render(
        report=report,
        plots={name: file_url(content, "PNG") for name, content in plots.items()},
        form_names=FORM_NAMES,
        cost={model.form: _cost(model) for model in report.models},
        class_index={label: i for i, label in enumerate(report.data.labels)},
        overlay=_overlay,
        settings=tuple((name, _shown(value)) for name, value in dotted(report.config)),
        costs=estimate(COSTED).assumptions,
        most_suspects=MOST_SUSPECTS,
        most_listed=MOST_LISTED,
        most_rows=MOST_ROWS,
        ordered_classes=_ordered(report.test.classes),
    )


def _ordered(classes: tuple[ClassScores, ...]) -> tuple[ClassScores, ...]:
    """Few in their own order; of many the lowest F1 first, and those without images at the end."""
    if len(classes) <= MOST_ROWS:
        return classes
    return tuple(sorted(classes, key=lambda one: (one.f1 is None, one.f1, one.label)))


def _cost(model: ModelMeasure) -> float:
    """Dollars for a million typical images through POST /predict, with a model this quick."""
    timed = measured().with_model(FORM_NAMES[model.form], model.latency_p50_ms)
    return estimate(COSTED, timed).http.per_million


def _overlay(image: ImageAnswer, evidence: ActivationMap) -> str:
    """The image under the map, as data URL."""
    return data_url(heat_overlay(pixels_of(image.image), evidence.values, THUMBNAIL_SIDE))


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def environment(folder: Path = _FOLDER) -> jinja2.Environment:
    """Of the templates in ``folder`` and this one: values are escaped, an undefined name is an
    error, and ``css`` is the style of all pages."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _FOLDER]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"t": text_spans, "spans": spans}
    made.filters |= {
        "percent": _percent,
        "points": _points,
        "number": _number,
        "said": _said,
        "moment": _moment,
        "duration": _duration,
    }
    made.globals["css"] = Markup((_FOLDER / "page.css").read_text(encoding="utf-8"))  # noqa: S704
    return made


def _percent(share: float | None, digits: int = 1) -> str:
    return _NOT_MEASURED if share is None else f"{share:.{digits}%}"


def _points(difference: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    if difference is None:
        return _NOT_MEASURED
    points = f"{100 * difference:+.2f}"
    return spans(f"{points} pp", f"{points}%p")


def _said(text: str) -> Markup:
    """What training said in words."""
    return spans(text, in_korean(text) or text)


def _moment(time: str) -> Markup:
    """A timestamp to the minute, as each language writes a date."""
    then = datetime.fromisoformat(time)
    return spans(
        f"{then.day} {then:%B %Y, %H:%M} UTC",
        f"{then.year}년 {then.month}월 {then.day}일 {then:%H:%M} UTC",
    )


def _number(value: float | None, digits: int) -> str:
    """Fixed point, or two significant digits where that would be zero."""
    if value is None:
        return _NOT_MEASURED
    small = value != 0 and abs(value) < 0.5 * 10**-digits
    return f"{value:.1e}" if small else f"{value:,.{digits}f}"


def _duration(seconds: float) -> Markup:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return spans(f"{hours} h {minutes:02} min", f"{hours}시간 {minutes}분")
    if minutes:
        return spans(f"{minutes} min {rest:02} s", f"{minutes}분 {rest}초")
    return spans(f"{math.ceil(seconds)} s", f"{math.ceil(seconds)}초")
