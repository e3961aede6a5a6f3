"""The built dashboard and its configuration, copied into the site's bucket."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as s3_deployment
from constructs import Construct

from infra.constructs.content.file_copier import FileCopier
from infra.constructs.web.static_site import ENGINE, StaticSite
from infra.errors import CommandError

_HASHED = ["assets/*", ENGINE]


class DashboardFiles(Construct):
    """Assets and the engine first, then the page that names them.

    They carry a hash in their names: browsers keep them for a year, and those of earlier builds
    stay, because an open page may still load them. The page itself is never cached.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: Path,
        config: Mapping[str, object],
        bucket: s3.IBucket,
        site: StaticSite,
        copier: FileCopier,
    ) -> None:
        """Raises `CommandError` when the dashboard in `folder` was not built."""
        super().__init__(scope, construct_id)
        if not (folder / "index.html").is_file():
            raise CommandError(f"The dashboard is not built: {folder} has no index.html.")
        built = s3_deployment.Source.asset(str(folder))
        cache = s3_deployment.CacheControl
        assets = s3_deployment.BucketDeployment(
            self,
            "Assets",
            sources=[built],
            exclude=["*"],
            include=_HASHED,
            destination_bucket=bucket,
            prune=False,
            cache_control=[cache.max_age(Duration.days(365)), cache.immutable()],
            role=copier.role,
            log_group=copier.log_group,
        )
        page = s3_deployment.BucketDeployment(
            self,
            "Page",
            sources=[built, s3_deployment.Source.json_data("config.json", dict(config))],
            exclude=_HASHED,
            destination_bucket=bucket,
            prune=False,
            cache_control=[cache.no_cache()],
            distribution=site.distribution,
            distribution_paths=["/*"],
            # It takes minutes at times and then fails the deployment; the page is never cached.
            wait_for_distribution_invalidation=False,
            role=copier.role,
            log_group=copier.log_group,
        )
        page.node.add_dependency(assets)
