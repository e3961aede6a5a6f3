"""What a deployment on AWS starts with: the dashboard's files and a first model.

Custom resources copy them. The local cloud has no such stack; there `visionflow up` copies the same
files.
"""

from aws_cdk import Aws, Stack
from constructs import Construct

from infra.constructs.content.aws_caller import AwsCaller
from infra.constructs.content.dashboard_files import DashboardFiles
from infra.constructs.content.file_copier import FileCopier
from infra.constructs.content.page_origin import PageOrigin
from infra.constructs.content.starter_model import StarterModel
from infra.constructs.web.sign_in import sign_in_domain
from infra.packaging.assets import Assets
from infra.stacks.dashboard import DashboardStack
from infra.stacks.data import DataStack
from infra.stacks.service import ServiceStack
from infra.stages import StageConfig


class ContentStack(Stack):
    """Fills the dashboard's bucket, lets it call the API, and gives an empty registry its first
    model."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        assets: Assets,
        data: DataStack,
        dashboard: DashboardStack,
        service: ServiceStack,
    ) -> None:
        super().__init__(scope, construct_id)
        site, sign_in = dashboard.site, service.sign_in
        if site is None or sign_in is None:
            raise ValueError(f"stage {stage.name} has neither a distribution nor a sign-in")
        copier = FileCopier(self, "Copier", stage=stage)
        DashboardFiles(
            self,
            "DashboardFiles",
            folder=assets.dashboard,
            config={
                "apiUrl": dashboard.api.url,
                "stage": stage.name,
                "auth": {
                    "userPoolId": sign_in.user_pool_id,
                    "clientId": sign_in.client_id,
                    "domain": sign_in_domain(stage),
                    "region": Aws.REGION,
                },
            },
            bucket=dashboard.bucket,
            site=site,
            copier=copier,
        )
        caller = AwsCaller(self, "Caller", stage=stage)
        PageOrigin(self, "PageOrigin", address=dashboard.api, origin=site.origin, caller=caller)
        StarterModel(
            self,
            "StarterModel",
            artifact=assets.starter_model,
            models=data.stores.models,
            registry=data.stores.registry,
            copier=copier,
            caller=caller,
        )
        copier.acknowledge_grants(dashboard.bucket, data.stores.models)
