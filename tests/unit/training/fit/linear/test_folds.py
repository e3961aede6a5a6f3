import subprocess
import sys

import numpy as np

from tests.unit.training.evaluation.labels.scenes import scenes
from training.fit.linear.folds import divide_in_folds


def test_no_group_is_in_two_folds_and_every_image_is_in_one() -> None:
    made = scenes()
    folds = divide_in_folds(made.targets, made.groups, 5)
    assert len(folds) == 5
    for rest, fold in folds:
        assert not set(made.groups[rest]) & set(made.groups[fold])
        assert len(rest) + len(fold) == len(made.targets)
    assert sorted(np.concatenate([fold for _, fold in folds])) == list(range(len(made.targets)))


def test_there_are_no_more_folds_than_a_class_has_groups() -> None:
    made = scenes(each=3)
    assert len(divide_in_folds(made.targets, made.groups, 5)) == 3
    assert divide_in_folds(made.targets, made.targets, 5) == []


def test_scikit_learn_is_imported_by_what_divides_alone() -> None:
    program = (
        "import sys, training.proving, training.fit.linear.penalty\n"
        "print({'sklearn', 'scipy.stats'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert ended.stdout.split() == [b"set()"], ended.stderr
