"""A report of real findings, made once."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.evaluation.colours import colour_set, familiar_classifier
from tests.unit.training.evaluation.test_stage_activations import network
from training.evaluation.examine import examine
from training.evaluation.measure import measure_split
from training.evaluation.metrics import evaluate
from training.evaluation.parents.levels import measure_levels
from training.evaluation.stage_activations import stage_activations
from training.evaluation.unknown.examine import examine_unfamiliar
from training.evaluation.unknown.prediction_sets import conformity, set_coverages
from training.evaluation.unknown.thresholds import decide
from training.evaluation.verdict import Counts, fit_verdict
from training.results.data_url import data_url
from training.results.groups import GroupSize, GroupSummary
from training.results.history import EpochRecord
from training.results.labels import FoldScores, LabelCheck, SuspectLabel
from training.results.probe import PenaltyScore, ProbeFit
from training.results.report import (
    DataSummary,
    Growth,
    LadderStep,
    ModelMeasure,
    Parity,
    Report,
    SplitSummary,
)
from training.results.scores import Interval
from visionflow.models.label_tree import Label, LabelTree
from visionflow.models.manifest import GateCheck, Quantization

THUMBNAIL = data_url(np.zeros((8, 8, 3), np.uint8))

HISTORY = (
    EpochRecord("head", 1, 0.01, 1.2, 0.4, 1.0, 0.5, 2.0),
    EpochRecord("head", 2, 0.01, 0.9, 0.6, 0.8, 0.7, 2.0),
    EpochRecord("body", 3, 0.001, 0.5, 0.85, 0.4, 0.9, 4.0),
    EpochRecord("body", 4, 0.001, 0.4, 0.9, 0.41, 0.88, 4.0),
)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    images = colour_set(60, mislabelled=6)
    classifier, familiar = familiar_classifier(tmp_path_factory.mktemp("tiny"), images)
    measured = measure_split(classifier, images, familiar=familiar)
    probabilities = measured.probabilities(1.0)
    decisions = decide(classifier.manifest, probabilities, measured.familiarity, images.images)
    scores = evaluate(probabilities, images.targets, images.labels, decisions.answered)
    part = SplitSummary(60, (20, 20, 20), "ab" * 32, carved=True, groups=30)
    sizes = (GroupSize(1, 1, 30, 30), GroupSize(2, 2, 15, 30), GroupSize(3, 4, 30, 120))
    tree = LabelTree(
        (Label("red", "warm"), Label("green", None), Label("blue", None)), (Label("warm", None),)
    )
    groups = GroupSummary("auto", 180, 75, 4, sizes, 31, 120, (), ())
    return Report(
        name="colours",
        version="1.2.3",
        created_at="2030-01-02T03:04:05.000000Z",
        config={"model": {"name": "residual_cnn", "widths": [8, 8]}, "seed": 7},
        hardware="2 x Some Processor",
        library_versions={"torch": "2.15.0"},
        git_commit=None,
        data=DataSummary(images.labels, "cd" * 32, 7, part, part, part, groups),
        recipe="finetune",
        history=HISTORY,
        best_epoch=3,
        stopped_early=True,
        train_seconds=75.4,
        probe=ProbeFit(10.0, 4, 100, (PenaltyScore(10.0, 0.5, 0.8), PenaltyScore(1.0, 0.6, 0.9))),
        verdict=fit_verdict(HISTORY, Counts(90, 30)),
        parameters=12_345,
        models=(
            ModelMeasure("torch", 4_000_000, 4.0, 0.9),
            ModelMeasure("fp32", 4_000_000, 2.0, 0.9),
            ModelMeasure("int8", 1_000_000, 1.0, 0.895),
        ),
        parity=(Parity("torch", "fp32", 1e-6, 1e-6, 1e-6, 1.0),),
        gate=(GateCheck("int8_top1_drop", 0.005, 0.005, passed=True),),
        quantization=Quantization("static QDQ", "percentile", 256, ("node_Conv_1",), None),
        ladder=(
            LadderStep("min-max", False, 0.02, "red", 0.08, None, "red loses 8.0 points"),
            LadderStep("percentile", True, 0.005, "blue", 0.01, 2.0, None),
        ),
        served="int8",
        temperature=1.0,
        unknown_threshold=0.5,
        validation=scores,
        test=scores,
        findings=examine(
            classifier, partial(stage_activations, network(2)), images, measured, seed=1
        ),
        growth=Growth("hues", "1.0.0", ("red", "green"), ("blue",), 0.95, 0.94, 0.9, 0.91),
        unfamiliar=examine_unfamiliar(
            classifier,
            measured.familiarity,
            decisions,
            kept_target=0.95,
            kept_validation=0.96,
            seed=1,
        ),
        prediction_sets=set_coverages(
            probabilities, images.targets, conformity(probabilities, images.targets)
        ),
        labels=LabelCheck(
            None,
            FoldScores(5, 60, 0.7, Interval(0.6, 0.8), 0.9, Interval(0.85, 0.95)),
            (SuspectLabel("red/07.jpg", "red", "blue", 0.001, 0.98, THUMBNAIL),),
            1,
        ),
        tree=(*tree.labels, *tree.parents),
        levels=measure_levels(
            tree, probabilities, images.targets, 0.5, np.ones(len(images), np.bool_)
        ),
    )


@pytest.fixture(scope="session")
def drawn(report: Report, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """The folder that a report was drawn into, and the files. Not to be changed."""
    from training.report.page import draw  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("drawn")
    return folder, draw(report, folder)
