"""cdk-nag at synth: the rules run on every stage, and an exception stands beside its reason."""

from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def check_at_synth(app: App) -> None:
    """Make `app.synth()` run the AwsSolutions rules and fail on a finding."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


LOOPBACK_ONLY = "The local cloud speaks plain HTTP and listens on loopback alone."


def acknowledge(construct: IConstruct, rule: str, *, reason: str) -> None:
    """Accept one finding on one construct.

    Args:
        construct: the construct that carries the resource; never a stack.
        rule: rule id, with its finding where a rule has several:
            `AwsSolutions-IAM5[Resource::*]`.
        reason: why the finding does not apply here.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
