import pytest

from training.results.history import EpochRecord, read_history
from visionflow.errors import ConfigError

RECORD = EpochRecord("head", 1, 0.01, 1.2, 0.4, 1.0, 0.5, 2.0)


def test_a_stored_history_is_read_back() -> None:
    assert read_history([vars(RECORD)]) == (RECORD,)


def test_a_record_of_another_version_is_a_config_error_that_names_the_field() -> None:
    with pytest.raises(ConfigError, match=r"history.*accuracy"):
        read_history([{**vars(RECORD), "accuracy": 0.5}])
