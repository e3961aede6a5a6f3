import os
import re
import subprocess
import sys
from pathlib import Path

import torch

from tests.unit.training.fit.fits_of_a_process import fits
from tests.unit.training.fit.processes import run_group
from training.fit.distributed import join_processes

ROOT = Path(__file__).parents[4]


def test_two_processes_of_torchrun_train_as_one_does(images: Path, tmp_path: Path) -> None:
    command = "-m torch.distributed.run --standalone --nproc-per-node 2 -m"
    module = "tests.unit.training.fit.fits_of_a_process"
    together = tmp_path / "together"
    together.mkdir()
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "error",
        # What the first process compiles of torch the others need not: half of this test's time.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"),
    }
    done = subprocess.run(
        [sys.executable, *command.split(), module, str(images), str(together)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The first process alone prints and writes.
    # One of them speaks for both.
    said = re.findall(r"^\[ *[\d.]+ s\] (.*)$", done.stderr, re.MULTILINE)
    assert len(said) == len(set(said))
    main, other = (torch.load(together / f"{name}.pt") for name in ("main", "other"))
    alone = fits(images, tmp_path / "alone")
    for recipe, expected in alone.items():
        assert torch.equal(main[recipe]["curves"], other[recipe]["curves"])
        torch.testing.assert_close(main[recipe]["curves"], expected["curves"], rtol=1e-3, atol=1e-4)
        for name, value in expected["weights"].items():
            assert torch.equal(main[recipe]["weights"][name], other[recipe]["weights"][name])
            torch.testing.assert_close(
                main[recipe]["weights"][name], value, rtol=1e-3, atol=1e-4, msg=name
            )


def test_alone_there_is_nothing_to_join() -> None:
    with join_processes() as process:
        assert (process.rank, process.world, process.main) == (0, 1, True)
        network = torch.nn.Linear(1, 1)
        assert process.parallel(network) is network
        assert process.sum(torch.ones(2)).tolist() == [1, 1]


def test_a_sum_is_the_same_in_every_process(tmp_path: Path) -> None:
    def work() -> None:
        with join_processes() as process:
            assert process.main == (process.rank == 0)
            total = process.sum(torch.tensor([1.0, 10.0]) * (process.rank + 1))
            torch.save(total, tmp_path / str(process.rank))

    assert run_group(work, world=3) == [0, 0, 0]
    assert [torch.load(tmp_path / str(rank)).tolist() for rank in range(3)] == [[6, 60]] * 3
