"""The CDK app: one call per stack, in the order in which they depend on each other."""

import sys

from aws_cdk import App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer

from infra.constructs.alarm import notify
from infra.errors import CommandError
from infra.nag import check_at_synth
from infra.packaging.assets import Assets, project_assets
from infra.stacks.backfill import BackfillStack
from infra.stacks.budget import BudgetStack
from infra.stacks.content import ContentStack
from infra.stacks.dashboard import DashboardStack
from infra.stacks.data import DataStack
from infra.stacks.service import ServiceStack
from infra.stacks.training import TrainingStack
from infra.stages import StageConfig, stage_named
from visionflow.errors import VisionFlowError

DEFAULT_STAGE = "dev"

# Here and not in cdk.json, so that a template depends on this code alone.
FEATURE_FLAGS = {
    # The log bucket grants the logging service by policy, not by an access control list.
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
}


def build_app(stage: StageConfig, assets: Assets, *, outdir: str | None = None) -> App:
    """The app of one stage, ready for `synth()`, which fails on a finding of cdk-nag.

    `outdir` is the folder of the cloud assembly; by default the one that the CDK CLI names.
    """
    app = App(
        context=FEATURE_FLAGS,
        outdir=outdir,
        analytics_reporting=False,
        # Every stage on AWS runs the same constructs through these checks. They take seconds, which
        # `visionflow up` saves.
        builtin_cloud_formation_validation=stage.on_aws,
        # The emulator refuses the default synthesizer's asset roles.
        default_stack_synthesizer=(
            DefaultStackSynthesizer() if stage.on_aws else CliCredentialsStackSynthesizer()
        ),
    )
    prefix = f"VisionFlow-{stage.title}"
    data = DataStack(app, f"{prefix}-Data", stage=stage)
    dashboard = DashboardStack(
        app,
        f"{prefix}-Dashboard",
        stage=stage,
        stores=data.stores,
        datasets=data.job_stores.datasets,
    )
    training = TrainingStack(app, f"{prefix}-Training", stage=stage, assets=assets, data=data)
    backfill = BackfillStack(app, f"{prefix}-Backfill", stage=stage, assets=assets, data=data)
    service = ServiceStack(
        app,
        f"{prefix}-Service",
        stage=stage,
        assets=assets,
        data=data,
        training=training,
        backfill=backfill,
        dashboard=dashboard,
    )
    if stage.on_aws:
        BudgetStack(app, f"{prefix}-Budget", stage=stage, data=data)
        ContentStack(
            app,
            f"{prefix}-Content",
            stage=stage,
            assets=assets,
            data=data,
            dashboard=dashboard,
            service=service,
        )
    notify(app, data.alarms.topic)
    check_at_synth(app)
    return app


def stage_from_context() -> StageConfig:
    """The stage that `-c stage=...` of the CDK CLI names; `dev` where it is left out."""
    return stage_named(App().node.try_get_context("stage") or DEFAULT_STAGE)


def main() -> None:
    """Synthesize for the CDK CLI. What is missing is printed as one sentence, with exit code 1."""
    try:
        stage = stage_from_context()
        app = build_app(stage, project_assets(stage))
    except (CommandError, VisionFlowError) as error:
        sys.exit(f"error: {error}")
    app.synth()


if __name__ == "__main__":
    main()
