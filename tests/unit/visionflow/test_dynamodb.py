from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from visionflow.dynamodb import from_item, to_item

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)
    | st.text()
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(st.dictionaries(st.text(min_size=1), JSON))
def test_an_item_is_read_as_it_was_written(data: dict[str, Any]) -> None:
    assert from_item(to_item(data)) == data
