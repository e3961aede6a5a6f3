"""`report.html`: a report as one page that needs nothing beside it, in English and Korean."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from training.evaluation.explain import ExplainedImage
from training.evaluation.mistakes import THUMBNAIL_SIDE, ImageAnswer
from training.report.data_url import data_url, file_url, pixels_of
from training.report.overlay import heat_overlay
from training.report.report import Form, Report
from visionflow.costs.estimate import Workload, estimate
from visionflow.costs.measured import measured

# A photo as most are sent, at a rate where the fixed costs say nothing.
COSTED = Workload(per_day=10_000, megapixels=3.0)

_FOLDER = Path(__file__).parent
_NOT_MEASURED = "\N{EN DASH}"
_FORM_NAMES: dict[Form, str] = {"torch": "torch (base)", "fp32": "ONNX fp32", "int8": "ONNX int8"}


def page(report: Report, plots: Mapping[str, bytes]) -> str:
    """The HTML. ``plots``: PNG files by the names of `plots.PLOTS`.

    No script, nothing loaded from outside, and every value escaped by the template engine.
    """
    template = environment().get_template("page.html.j2")
    return template.render(
        report=report,
        css=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),  # noqa: S704
        plots={name: file_url(content, "PNG") for name, content in plots.items()},
        models=tuple(_model_rows(report)),
        class_index={label: i for i, label in enumerate(report.data.labels)},
        right=[_with_overlays(one) for one in report.findings.right],
        wrong=[_with_overlays(one) for one in report.findings.wrong],
        settings=tuple(_settings(report.config)),
        costs=estimate(COSTED).assumptions,
    )


@dataclass(frozen=True)
class _ModelRow:
    """A form of the model beside the first, which is what was trained."""

    name: str
    served: bool
    megabytes: float
    share: float
    latency: float
    speed: float
    top1: float
    change: float
    cost: float


@dataclass(frozen=True)
class _Overlay:
    label: str
    overlay: str


@dataclass(frozen=True)
class _Explained:
    image: ImageAnswer
    maps: tuple[_Overlay, ...]


def _model_rows(report: Report) -> Iterator[_ModelRow]:
    for model in report.models:
        base = report.models[0]
        yield _ModelRow(
            name=_FORM_NAMES[model.form],
            served=model.form == report.served,
            megabytes=model.bytes / 1e6,
            share=model.bytes / base.bytes,
            latency=model.latency_p50_ms,
            speed=base.latency_p50_ms / model.latency_p50_ms,
            top1=model.validation_top1,
            change=model.validation_top1 - base.validation_top1,
            cost=_cost(_FORM_NAMES[model.form], model.latency_p50_ms),
        )


def _cost(form: str, infer_ms: float) -> float:
    """Dollars for a million typical images through POST /predict, with a model this quick."""
    return estimate(COSTED, measured().with_model(form, infer_ms)).http.per_million


def _with_overlays(explained: ExplainedImage) -> _Explained:
    pixels = pixels_of(explained.image.image)
    return _Explained(
        explained.image,
        tuple(
            _Overlay(one.label, data_url(heat_overlay(pixels, one.values, THUMBNAIL_SIDE)))
            for one in explained.maps
        ),
    )


def _settings(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names and values."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)):
            yield f"{prefix}{key}", ", ".join(map(str, value))
        else:
            yield f"{prefix}{key}", str(value)


def environment() -> jinja2.Environment:
    """Of every page: values are escaped, an undefined name is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": _percent,
        "points": _points,
        "number": _number,
        "duration": _duration,
    }
    return made


def _percent(share: float | None, digits: int = 1) -> str:
    return _NOT_MEASURED if share is None else f"{share:.{digits}%}"


def _points(difference: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    return _NOT_MEASURED if difference is None else f"{100 * difference:+.2f} pp"


def _number(value: float | None, digits: int) -> str:
    """Fixed point, or two significant digits where that would be zero."""
    if value is None:
        return _NOT_MEASURED
    small = value != 0 and abs(value) < 0.5 * 10**-digits
    return f"{value:.1e}" if small else f"{value:,.{digits}f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{math.ceil(seconds)} s"
