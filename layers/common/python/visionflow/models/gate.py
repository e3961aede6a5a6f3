"""What a version must have proven before anything may serve it."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from visionflow.errors import GateError
from visionflow.models.manifest import GateCheck, Manifest, Precision

PROVES: Final = (
    "The gate proves the export: that what serves answers as the trained network does. How good "
    "the model is, its test images say."
)
"""What a version that has passed may claim."""

GATE_EXIT_CODE: Final = 3
"""Of a command whose version its gate holds back."""

Proof = Precision | Literal["instant"]
"""What a version has to prove: that of a trained network, by the precision that serves, or that of
a new head on a trunk that has proven its int8 already."""

INSTANT: Final = "instant"
"""In a manifest's config: the table of a version that has a new head only, with its ``trunk``."""

# What a gate must have measured.
REQUIRED_CHECKS: dict[Proof, tuple[str, ...]] = {
    "fp32": ("fp32_logit_difference", "fp32_top1_changes"),
    "int8": (
        "fp32_logit_difference",
        "fp32_top1_changes",
        "int8_top1_drop",
        "int8_worst_class_drop",
        "int8_latency_ratio",
    ),
    "instant": (
        "trunk_changes",
        "head_logit_difference",
        "head_embedding_difference",
        "head_cam_difference",
        "head_top1_changes",
        "trunk_latency_ratio",
    ),
}

# What it must have measured besides, where the version recognises unfamiliar images.
UNKNOWN_CHECKS: dict[Proof, tuple[str, ...]] = {
    "fp32": (),
    "int8": ("int8_unknown_changes",),
    "instant": ("head_unknown_changes",),
}


def proof_of(manifest: Manifest) -> Proof:
    """Which proof ``manifest`` owes."""
    instant = manifest.precision == "int8" and INSTANT in manifest.config
    return "instant" if instant else manifest.precision


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """The most that a stage allows, whatever a run says of its own limits.

    Attributes:
        max_accuracy_drop: of validation top-1, by int8.
        max_class_drop: of a class's recall, by int8.
        max_old_classes_drop: of the top-1 of the classes that a grown model had before.
        max_difference: of an output of the graph from the network's. A run's own limit is smaller,
            a ten-thousandth of the largest value.
        max_top1_changes: images that the graph decides differently from the network.
        max_latency_ratio: of int8 to fp32.
        max_trunk_latency_ratio: of a trunk with a new head to the same with its own. The new one is
            in fp32 and may have 1,000 classes.
        max_unknown_changes: the share of images of which int8 decides differently whether they are
            unknown. A new head must decide as its reference does.
        min_agreement: the share of the sealed images that int8 must answer as fp32 does.
    """

    max_accuracy_drop: float = 0.005
    max_class_drop: float = 0.05
    max_old_classes_drop: float = 0.02
    max_difference: float = 0.1
    max_top1_changes: float = 0.0
    max_latency_ratio: float = 1.0
    max_trunk_latency_ratio: float = 1.5
    max_unknown_changes: float = 0.03
    min_agreement: float = 0.9

    @property
    def fields(self) -> dict[str, float]:
        """The fields of a training config that are the stage's."""
        return {
            "export.max_accuracy_drop": self.max_accuracy_drop,
            "export.max_class_drop": self.max_class_drop,
            "export.max_old_classes_drop": self.max_old_classes_drop,
        }

    def of(self, check: str) -> float | None:
        """The limit of a check by its name; None for one that no run makes."""
        return {
            "fp32_logit_difference": self.max_difference,
            "fp32_embedding_difference": self.max_difference,
            "fp32_cam_difference": self.max_difference,
            "fp32_top1_changes": self.max_top1_changes,
            "int8_top1_drop": self.max_accuracy_drop,
            "int8_worst_class_drop": self.max_class_drop,
            "int8_latency_ratio": self.max_latency_ratio,
            "int8_unknown_changes": self.max_unknown_changes,
            "trunk_changes": 0.0,
            "trunk_latency_ratio": self.max_trunk_latency_ratio,
            "head_logit_difference": self.max_difference,
            "head_embedding_difference": self.max_difference,
            "head_cam_difference": self.max_difference,
            "head_top1_changes": self.max_top1_changes,
            "head_unknown_changes": self.max_unknown_changes,
            "old_classes_top1_drop": self.max_old_classes_drop,
        }.get(check)


# What falls may rise too: such a drop is negative. Anything else below 0 was not measured.
_MAY_GAIN = ("int8_top1_drop", "int8_worst_class_drop", "old_classes_top1_drop")
# Of few images, one is more than the limit, and may be lost all the same.
_ONE_IMAGE = ("int8_worst_class_drop", "int8_unknown_changes")


def held_back_by(
    manifest: Manifest, limits: GateLimits | None = None, one_image: float = 0.0
) -> tuple[str, ...]:
    """A phrase for each check that failed or was never made; empty when the gate has passed.

    What a check says of having passed is not believed: its value must be within its own limit, and
    within that of ``limits``, which are the stage's. ``one_image``: the share that one image is of
    the validation images of the smallest class.
    """
    made = {check.name for check in manifest.gate}
    proof = proof_of(manifest)
    required = REQUIRED_CHECKS[proof]
    if manifest.familiarity:
        required += UNKNOWN_CHECKS[proof]
    return (
        *(phrase for check in manifest.gate if (phrase := _failure(check, limits, one_image))),
        *(f"{name} was not measured" for name in required if name not in made),
    )


def check_gate(
    manifest: Manifest, limits: GateLimits | None = None, one_image: float = 0.0
) -> None:
    """Raise `GateError` for a version that its gate holds back, by `held_back_by`."""
    if failed := held_back_by(manifest, limits, one_image):
        raise GateError(
            f"{manifest.name} {manifest.version} has not passed its gate ({'; '.join(failed)}). "
            "Train or export again, or publish the run all the same by 'visionflow publish RUN "
            "--force REASON'."
        )


def _failure(check: GateCheck, limits: GateLimits | None, one_image: float) -> str | None:
    allowed = check.limit
    if limits is not None:
        stages = limits.of(check.name)
        if stages is None:
            return f"{check.name:.60} is not a check of this gate"
        allowed = min(allowed, max(stages, one_image if check.name in _ONE_IMAGE else stages))
    least = -1.0 if check.name in _MAY_GAIN else 0.0
    if not (math.isfinite(check.value) and math.isfinite(allowed)) or check.value < least:
        return f"{check.name} is {check.value:.4g}, which cannot be measured"
    if check.value > allowed or not check.passed:
        return f"{check.name} is {check.value:.4g}, the limit {allowed:.4g}"
    return None
