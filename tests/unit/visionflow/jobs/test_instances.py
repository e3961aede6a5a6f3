import pytest

from visionflow.costs.prices import price_table
from visionflow.jobs.instances import BY_NAME, DEFAULT_TYPES, INSTANCE_TYPES
from visionflow.jobs.machine_prices import INSTEAD, machine_prices

SEOUL = "ap-northeast-2"


@pytest.mark.parametrize("region", [SEOUL, "us-east-1", "eu-south-9"])
@pytest.mark.parametrize("name", DEFAULT_TYPES)
def test_a_machine_costs_its_address_and_its_volume_too(name: str, region: str) -> None:
    """An address is half a cent an hour; 150 GB of gp3 at 8 cents a month are 1.6."""
    kind = BY_NAME[name]
    for market in ("spot", "on-demand"):
        beside = kind.price(market, region) - kind.own_price(market, region)
        assert beside == pytest.approx(0.0214, abs=1e-4)


@pytest.mark.parametrize("region", machine_prices().region)
def test_every_machine_has_a_price_in_every_region_of_the_table(region: str) -> None:
    hours = machine_prices().region[region].hours
    assert set(hours) == {kind.type for kind in INSTANCE_TYPES}
    assert all(0 < spot < on_demand for spot, on_demand in hours.values())


def test_both_tables_have_the_same_regions() -> None:
    """So that an estimate of a stage does not mix those of two."""
    assert set(machine_prices().region) == set(price_table().region)


def test_machines_of_seoul_have_seouls_prices() -> None:
    kind = BY_NAME["g4dn.xlarge"]
    assert kind.own_price("on-demand", SEOUL) == 0.647
    assert kind.own_price("on-demand", "us-east-1") == 0.526


def test_a_region_without_prices_is_counted_in_those_of_another() -> None:
    kind = BY_NAME["g6.xlarge"]
    assert machine_prices().priced("eu-south-9") == INSTEAD
    assert kind.price("spot", "eu-south-9") == kind.price("spot", INSTEAD)
