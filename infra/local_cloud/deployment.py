"""Deploying the CDK app with the CDK CLI."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.errors import CommandError
from infra.local_cloud.emulator import ACCOUNT, REGION, Emulator
from infra.local_cloud.outputs import Outputs, named
from infra.local_cloud.processes import Tools
from infra.packaging.workspace import Workspace
from infra.stages import LOCAL

# The command line's own Python. -P: the folder `infra` has a package of its own called constructs.
APP = f'"{sys.executable}" -P -m infra.app'


@dataclass(frozen=True)
class LocalDeployment:
    """Stage ``local`` on one emulator."""

    workspace: Workspace
    tools: Tools
    cdk: Path
    emulator: Emulator

    def bootstrap(self) -> None:
        """Create the bucket that the CDK CLI keeps assets in."""
        self._run("cdk-bootstrap", "bootstrap", f"aws://{ACCOUNT}/{REGION}")

    def synthesize(self) -> None:
        output = f"--output={self.workspace.cloud_assembly}"
        stage = f"--context=stage={LOCAL.name}"
        self._run("cdk-synth", "synth", "--quiet", "--app", APP, output, stage)

    def deploy(self) -> Outputs:
        outputs = self.workspace.state / "stack-outputs.json"
        self._run(
            "cdk-deploy",
            *("deploy", "--all", f"--app={self.workspace.cloud_assembly}"),
            *("--require-approval=never", "--method=direct", "--concurrency=4"),
            f"--outputs-file={outputs}",
        )
        return _local_outputs(json.loads(outputs.read_text()), self.emulator)

    def _run(self, name: str, *arguments: str) -> None:
        self.tools.run(
            name,
            [self.cdk, *arguments, "--no-notices"],
            # Not the folder of cdk.json: bootstrapping would run the app that it names.
            cwd=self.workspace.state,
            env=without_aws_settings() | self.emulator.client_environment,
        )


def bootstrap_on_aws(workspace: Workspace, cdk: Path, account: str, region: str) -> None:
    """``cdk bootstrap`` of one account and region, which needs nothing that is built here.

    Raises `CommandError` when the CDK CLI fails, which prints the reason itself.
    """
    workspace.state.mkdir(parents=True, exist_ok=True)
    where = f"aws://{account}/{region}"
    # Not the folder of cdk.json: bootstrapping would run the app that it names.
    bootstrap = ("bootstrap", where, "--no-notices")
    if subprocess.run([cdk, *bootstrap], cwd=workspace.state, check=False).returncode != 0:
        raise CommandError(f"cdk bootstrap of {where} failed with the output above.")


def synthesize_on_aws(workspace: Workspace, cdk: Path, stage: str) -> Path:
    """The folder of a stage's templates. Raises `CommandError` when the CDK CLI fails."""
    output = workspace.state / f"cdk.out.{stage}"
    arguments = ["--quiet", "--app", APP, "--context", f"stage={stage}", "--output", str(output)]
    if subprocess.run([cdk, "synth", *arguments], cwd=workspace.project, check=False).returncode:
        raise CommandError(f"cdk synth of stage {stage} failed with the output above.")
    return output


def run_on_aws(workspace: Workspace, cdk: Path, command: str, stage: str) -> None:
    """``cdk deploy`` or ``cdk destroy`` of a stage with the user's own credentials and terminal.

    Raises `CommandError` when the CDK CLI fails, which prints the reason itself.
    """
    arguments = ["--all", "--app", APP, "--context", f"stage={stage}", "--no-notices"]
    result = subprocess.run([cdk, command, *arguments], cwd=workspace.project, check=False)
    if result.returncode != 0:
        raise CommandError(f"cdk {command} of stage {stage} failed with the output above.")


def without_aws_settings() -> dict[str, str]:
    """The environment without the user's own AWS profile, so that nothing can reach AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _local_outputs(stacks: Mapping[str, Mapping[str, str]], emulator: Emulator) -> Outputs:
    """The stacks' outputs, with AWS's own addresses replaced by the emulator's."""
    values = {name: value for stack in stacks.values() for name, value in stack.items()}
    api_id = str(urlsplit(values["ApiUrl"]).hostname).partition(".")[0]
    endpoint = emulator.endpoint_url
    # Page and API share an origin, so the page needs no CORS here.
    values |= {
        "ApiUrl": f"{endpoint}/_aws/execute-api/{api_id}/$default",
        "DashboardUrl": f"{endpoint}/{values['DashboardBucket']}/index.html",
        "EndpointUrl": endpoint,
        "Region": REGION,
    }
    return named(Outputs, values, LOCAL.name)
