"""The model that a fresh deployment classifies with until a team promotes its own."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as s3_deployment
from constructs import Construct

from infra.constructs.content.aws_caller import AwsCaller
from infra.constructs.content.file_copier import FileCopier
from infra.constructs.permissions import allow
from visionflow.models.manifest import MANIFEST_NAME, Manifest, artifact_prefix, read_artifact
from visionflow.models.publication import first_writes
from visionflow.models.routing import Order


class StarterModel(Construct):
    """Copies the artifact, manifest last, registers it, and makes it active if no model is."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        artifact: Path,
        models: s3.IBucket,
        registry: dynamodb.ITable,
        copier: FileCopier,
        caller: AwsCaller,
    ) -> None:
        """Raises `ArtifactError` or `ConfigError` when `artifact` holds no whole version, or one
        that does not run, and `GateError` when it has not passed its gate."""
        super().__init__(scope, construct_id)
        manifest = read_artifact(artifact)
        self._version = f"{manifest.name}-{manifest.version}"
        self._copy(manifest, artifact, models, copier)

        # A transaction of puts needs the same right.
        allow(caller.role, "dynamodb:PutItem", on=[registry.table_arn])
        self._register(artifact, manifest, registry.table_name, caller)

    def _copy(
        self, manifest: Manifest, artifact: Path, models: s3.IBucket, copier: FileCopier
    ) -> None:
        source = s3_deployment.Source.asset(str(artifact))
        prefix = artifact_prefix(manifest.name, manifest.version)

        def copied(
            step: str, *, exclude: str, include: Sequence[str] = ()
        ) -> s3_deployment.BucketDeployment:
            return s3_deployment.BucketDeployment(
                self,
                step,
                sources=[source],
                exclude=[exclude],
                include=list(include) or None,
                destination_bucket=models,
                destination_key_prefix=prefix,
                prune=False,
                role=copier.role,
                log_group=copier.log_group,
            )

        files = copied("Files", exclude=MANIFEST_NAME)
        self._published = copied("Manifest", exclude="*", include=[MANIFEST_NAME])
        self._published.node.add_dependency(files)

    def _register(self, artifact: Path, manifest: Manifest, table: str, caller: AwsCaller) -> None:
        published_at = datetime.fromisoformat(manifest.created_at)
        order = Order("cdk deploy", published_at, "the starter model")
        registration, promotion = first_writes(table, artifact, manifest, order)
        registered = caller.call(
            self,
            "Register",
            resource=self._version,
            service="DynamoDB",
            action="PutItem",
            parameters=registration,
            # An existing row stays, even if its version is retired or was forced.
            ignore_error_codes_matching="ConditionalCheckFailedException",
        )
        registered.node.add_dependency(self._published)
        activated = caller.call(
            self,
            "ActivateFirst",
            resource=self._version,
            service="DynamoDB",
            action="TransactWriteItems",
            parameters={"TransactItems": promotion},
            # Some model is active already, and it stays: the whole transaction is cancelled.
            ignore_error_codes_matching="TransactionCanceledException",
        )
        activated.node.add_dependency(registered)
