"""The machine of a training job: closed network, narrow role, launch template.

Nothing here costs anything while idle.
"""

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra.constructs.permissions import allow
from infra.constructs.training_job.job_stores import JobStores
from infra.nag import acknowledge
from infra.packaging.zip_files import Package
from infra.stages import StageConfig
from visionflow.jobs.folder import FOLDER, WHEELHOUSE
from visionflow.jobs.instances import VOLUME_GB

ITSELF = "${aws:userid}"
"""In a policy: the machine that calls."""
BOOT = Path(__file__).with_name("boot.sh")
ZONES = 2  # as many as every region has
_MADE_BY_A_LAUNCH = ("fleet", "instance", "network-interface", "spot-instances-request", "volume")


class TrainingNetwork(Construct):
    """A network of its own: public addresses to reach AWS and the package index, no way in.

    It has no NAT gateway, which would cost money while idle. S3 and DynamoDB are reached by gateway
    endpoints.

    Attributes:
        vpc: two public subnets in different zones.
        security_group: nothing in; HTTP and HTTPS out.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=ZONES,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Machines", subnet_type=ec2.SubnetType.PUBLIC)
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(
                    service=ec2.GatewayVpcEndpointAwsService.DYNAMODB
                ),
            },
        )
        acknowledge(
            self.vpc,
            "AwsSolutions-VPC7",
            reason="Nothing can connect to a machine, so flow logs are not worth their cost.",
        )
        self.security_group = ec2.SecurityGroup(
            self,
            "NoWayIn",
            vpc=self.vpc,
            allow_all_outbound=False,
            description="Training machines: nothing in, HTTP and HTTPS out",
        )
        for port, what in ((443, "AWS and the package index"), (80, "the distribution's packages")):
            self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), what)


class TrainingMachine(Construct):
    """Role and launch template.

    All machines share one role, yet each may read and write only its own folder. That is named by
    `aws:userid`, which EC2 sets to `<role id>:<instance id>` and no machine can change. All else
    that a machine reads, it gets by signed links; it has no right to a table, a log, a dataset or a
    model.

    Attributes:
        role: the machines' role.
        launch_template: everything but image, type and zone, which the launch decides.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        network: TrainingNetwork,
        bundle: Package,
        stores: JobStores,
    ) -> None:
        super().__init__(scope, construct_id)
        code = assets.Asset(self, "Bundle", path=str(bundle.path), asset_hash=bundle.digest)
        self.role = self._role(stage, stores)
        allow(self.role, "s3:GetObject", on=[code.bucket.arn_for_objects(code.s3_object_key)])
        self.launch_template = ec2.LaunchTemplate(
            self,
            "LaunchTemplate",
            role=self.role,
            security_group=network.security_group,
            user_data=ec2.UserData.custom(boot_script(code, stores)),
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            # The job's id is a tag; here the machine reads it without the right to describe tags.
            instance_metadata_tags=True,
            instance_initiated_shutdown_behavior=(ec2.InstanceInitiatedShutdownBehavior.TERMINATE),
            associate_public_ip_address=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/sda1",
                    volume=ec2.BlockDeviceVolume.ebs(
                        VOLUME_GB,
                        encrypted=True,
                        delete_on_termination=True,
                        volume_type=ec2.EbsDeviceVolumeType.GP3,
                    ),
                )
            ],
        )
        _leave_tags_to_the_launch(self.launch_template)

    def _role(self, stage: StageConfig, stores: JobStores) -> iam.Role:
        machines: iam.IPrincipal = iam.ServicePrincipal("ec2.amazonaws.com")
        if not stage.on_aws:
            # The machines of the local cloud are processes of this computer.
            machines = iam.CompositePrincipal(machines, iam.AccountRootPrincipal())
        role = iam.Role(self, "Role", assumed_by=machines)
        own = f"{FOLDER}{ITSELF}/"
        stores.folders.allow_get(role, prefix=own)
        stores.folders.allow_put(role, prefix=own)
        stores.folders.allow_get(role, prefix=WHEELHOUSE)
        # With its condition, it tells a machine nothing of the other folders.
        allow(
            role,
            "s3:ListBucket",
            on=[stores.folders.bucket_arn],
            conditions={"StringEquals": {"s3:prefix": WHEELHOUSE}},
        )
        return role


def _leave_tags_to_the_launch(template: ec2.LaunchTemplate) -> None:
    """Drop the tags that CDK has a launch put on instance and volume: the launch names the instance
    itself, and whoever launches would need the right to tag volumes too."""
    resource = template.node.default_child
    if not isinstance(resource, ec2.CfnLaunchTemplate):
        raise TypeError(f"{template.node.path} is not a launch template of this app")
    resource.add_property_deletion_override("LaunchTemplateData.TagSpecifications")


def boot_script(code: assets.Asset, stores: JobStores) -> str:
    """The boot script with the names of this deployment."""
    script = BOOT.read_text(encoding="utf-8")
    for name, value in {
        "BUNDLE_BUCKET": code.s3_bucket_name,
        "BUNDLE_KEY": code.s3_object_key,
        "JOBS_BUCKET": stores.folders.bucket_name,
    }.items():
        script = script.replace(f"@{name}@", value)
    return script


def arns_of_launch(
    scope: Construct, machine: TrainingMachine, network: TrainingNetwork
) -> list[str]:
    """What an EC2 launch by this template touches; where a resource is only made by the launch,
    any of its kind in this account and region.

    With spot requests and snapshots, as Karpenter's policy for the same calls has them:
    https://karpenter.sh/docs/reference/cloudformation/#allowscopedec2instanceaccessactions
    """
    stack = Stack.of(scope)

    def own(kind: str, name: str) -> str:
        return f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:{kind}/{name}"

    template = machine.launch_template.launch_template_id
    return [
        *(own(kind, "*") for kind in _MADE_BY_A_LAUNCH),
        own("launch-template", str(template)),
        own("security-group", network.security_group.security_group_id),
        *(own("subnet", subnet.subnet_id) for subnet in network.vpc.public_subnets),
        # Public images and their snapshots belong to other accounts.
        f"arn:{stack.partition}:ec2:{stack.region}::image/*",
        f"arn:{stack.partition}:ec2:{stack.region}::snapshot/*",
    ]
