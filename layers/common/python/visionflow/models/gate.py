"""What a version must have proven before anything may serve it."""

from visionflow.errors import GateError
from visionflow.models.manifest import Manifest, Precision

# What a gate must have measured for the precision that serves.
REQUIRED_CHECKS: dict[Precision, tuple[str, ...]] = {
    "fp32": ("fp32_logit_difference", "fp32_top1_changes"),
    "int8": (
        "fp32_logit_difference",
        "fp32_top1_changes",
        "int8_top1_drop",
        "int8_worst_class_drop",
        "int8_latency_ratio",
    ),
}

# What it must have measured besides, where the version recognises unfamiliar images.
UNKNOWN_CHECKS: dict[Precision, tuple[str, ...]] = {
    "fp32": (),
    "int8": ("int8_unknown_changes",),
}


def held_back_by(manifest: Manifest) -> tuple[str, ...]:
    """A phrase for each check that failed or was never made; empty when the gate has passed."""
    made = {check.name for check in manifest.gate}
    required = REQUIRED_CHECKS[manifest.precision]
    if manifest.familiarity:
        required += UNKNOWN_CHECKS[manifest.precision]
    return (
        *(
            f"{check.name} is {check.value:.4g}, the limit {check.limit:.4g}"
            for check in manifest.gate
            if not check.passed
        ),
        *(f"{name} was not measured" for name in required if name not in made),
    )


def check_gate(manifest: Manifest) -> None:
    """Raise `GateError` for a version that its gate holds back."""
    if failed := held_back_by(manifest):
        raise GateError(
            f"{manifest.name} {manifest.version} has not passed its gate ({'; '.join(failed)}). "
            "Train or export again, or publish the run all the same by 'visionflow publish RUN "
            "--force REASON'."
        )
