"""Which options a model can meet."""

import pytest

from lambdas.classification.service import MAX_TOP_K
from lambdas.predict.idempotency import PredictOptions
from lambdas.predict.service import _checked
from visionflow.errors import InvalidParameterError
from visionflow.models.label_tree import Label, LabelTree

MANY = LabelTree(tuple(Label(f"label {index}", None) for index in range(1_000)), ())


def test_a_record_holds_only_so_many_scores() -> None:
    assert _checked(PredictOptions(top_k=MAX_TOP_K), MANY).top_k == MAX_TOP_K
    with pytest.raises(InvalidParameterError, match=f"between 1 and {MAX_TOP_K}, found 1000"):
        _checked(PredictOptions(top_k=1_000), MANY)
