"""Runs 200,000 damaged or costly images and request bodies: no crash, hang or unknown exception.

``python -m tests.benchmarks fuzz``
"""

import time

from tests.benchmarks.figures import Figure, Target, figure
from tests.fuzzing.campaign import MEMORY_CAP, MOST_SECONDS, Campaign

INPUTS = 200_000
SEED = 1


def report() -> tuple[Figure, ...]:
    """Raises `RuntimeError` when an input ends in a way that is not allowed."""
    campaign = Campaign(SEED)
    start = time.perf_counter()
    campaign.run(0, INPUTS)
    seconds = time.perf_counter() - start
    if campaign.findings:
        raise RuntimeError(f"inputs of seed {SEED} that ended badly: {campaign.findings}")
    n = f"{campaign.codes.total():,} inputs"
    slowest, index = campaign.slowest
    limit = f"the process has {MEMORY_CAP / 1e6:,.0f} MB of address space"
    what = "damaged and costly images and request bodies"
    return (
        figure(
            "robustness",
            f"{what}: crashes, hangs, exceptions outside the error tree",
            len(campaign.findings),
            "",
            target=Target("at most", 0),
            n=n,
            seed=SEED,
        ),
        figure(
            "robustness",
            f"{what}: outcomes",
            dict(campaign.codes.most_common()),
            "",
            n=n,
            seed=SEED,
        ),
        figure(
            "robustness",
            f"{what}: slowest input",
            slowest,
            "s",
            target=Target("at most", MOST_SECONDS),
            n=n,
            seed=SEED,
            note=f"input {index}",
        ),
        figure(
            "robustness",
            f"{what}: peak memory",
            campaign.peak / 1e6,
            "MB",
            n=n,
            seed=SEED,
            note=limit,
        ),
        figure("robustness", f"{what}: time", seconds, "s", n=n, seed=SEED),
    )
