"""100,000 damaged images and bodies: no crash, no hang, nothing outside the tree of errors.

``python -m tests.benchmarks fuzz``
"""

import time

from tests.benchmarks.table import print_table
from tests.fuzzing.campaign import MEMORY_CAP, MOST_SECONDS, Campaign

INPUTS = 100_000
SEED = 1


def report() -> dict[str, object]:
    """Raises `RuntimeError` when one input ends as none may."""
    campaign = Campaign(SEED)
    start = time.perf_counter()
    campaign.run(0, INPUTS)
    seconds = time.perf_counter() - start
    total = campaign.codes.total()
    print_table(
        f"{total:,} damaged inputs of seed {SEED} in {seconds:.0f} s",
        ("outcome", "inputs", "share"),
        [(code, f"{n:,}", f"{n / total:.1%}") for code, n in campaign.codes.most_common()],
    )
    slowest, index = campaign.slowest
    print(
        f"  slowest {slowest:.2f} s (input {index}, limit {MOST_SECONDS:.0f} s), peak resident "
        f"{campaign.peak / 1e6:.0f} MB (cap {MEMORY_CAP / 1e6:,.0f} MB of address space)"
    )
    if campaign.findings:
        raise RuntimeError(f"inputs of seed {SEED} that ended badly: {campaign.findings}")
    return {
        "inputs": total,
        "codes": dict(campaign.codes),
        "slowest_s": slowest,
        "peak_bytes": campaign.peak,
        "seconds": seconds,
    }
