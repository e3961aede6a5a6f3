"""Timing that a disturbance does not decide, and the table it ends in."""

import time

import torch

from training.export.latency import ROUNDS, Latencies, lightening_table, measure_latencies
from training.export.network_export import original_of
from training.networks.network import Network
from training.results.report import ModelMeasure


def wait(milliseconds: float) -> None:
    until = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < until:
        pass


def test_the_quicker_one_is_found() -> None:
    latencies = measure_latencies({"slow": lambda: wait(0.4), "quick": lambda: wait(0.1)})
    assert len(latencies.rounds["slow"]) == ROUNDS
    assert latencies.p50("slow") >= 0.4
    assert latencies.ratio("quick", "slow") < 0.75


def test_torch_is_timed_on_one_thread() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with original_of(Network()).on_one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_rounds_under_load_do_not_decide() -> None:
    # int8 is the faster one; in one round of three something else ran on its core, in another one
    # in half of its turns.
    latencies = Latencies(
        {
            "fp32": [[2.0, 2.0, 2.1], [2.0, 5.0, 2.0], [2.0, 2.0, 2.0]],
            "int8": [[1.0, 1.1, 1.0], [9.0, 8.0, 9.0], [1.0, 7.0, 7.0]],
        }
    )
    assert latencies.p50("fp32") == 2.0
    assert latencies.p50("int8") == 7.0
    assert latencies.ratio("int8", "fp32") == 0.5


def test_the_table_sets_each_form_against_what_was_trained() -> None:
    table = lightening_table(
        (
            ModelMeasure("torch", 45_000_000, 80.0, 0.95),
            ModelMeasure("fp32", 44_000_000, 40.0, 0.95),
            ModelMeasure("int8", 11_250_000, 10.0, 0.9475),
        )
    )
    head, torch_line, fp32_line, int8_line = table.splitlines()
    assert "size" in head and "p50, one thread" in head and "validation top-1" in head
    assert "45.00 MB (100.0%)" in torch_line and "80.00 ms ( 1.00x)" in torch_line
    assert fp32_line.startswith("ONNX fp32")
    assert "11.25 MB ( 25.0%)" in int8_line and "10.00 ms ( 8.00x)" in int8_line
    assert "94.75% (-0.25 pt)" in int8_line
    assert len({len(line) for line in table.splitlines()}) == 1
