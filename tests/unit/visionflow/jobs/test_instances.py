import pytest

from visionflow.jobs.instances import BY_NAME, DEFAULT_TYPES


@pytest.mark.parametrize("name", DEFAULT_TYPES)
def test_a_machine_costs_its_address_and_its_volume_too(name: str) -> None:
    """An address is half a cent an hour; 150 GB of gp3 at 8 cents a month are 1.6."""
    kind = BY_NAME[name]
    assert kind.price("spot") - kind.usd_per_hour_spot == pytest.approx(0.0214, abs=1e-4)
    assert kind.price("on-demand") - kind.usd_per_hour == pytest.approx(0.0214, abs=1e-4)
