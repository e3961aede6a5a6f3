"""The synthesized stages: each is built once per session, because synthesis takes seconds."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# The line that jsii prints about the age of this machine's Node says nothing about the project.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

from infra.app import build_app
from infra.packaging.assets import Assets, project_assets
from infra.packaging.workspace import PROJECT
from infra.stages import LOCAL, PROD, STAGES, StageConfig
from tests.tiny_model import write_tiny_artifact

Resource = dict[str, Any]

INFRA = PROJECT / "infra"

# A stage with all options that are off by default, most of them because they cost money while idle.
EVERYTHING = replace(
    PROD,
    snap_start=True,
    alarm_key=True,
    all_alarms=True,
    records="own",
    alarm_email="team@example.com",
)

_HASH = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True)
class Templates:
    """The templates of one stage by the last part of their stacks' names, such as `Data`.

    ``folder`` has the whole synthesis."""

    stage: StageConfig
    stacks: dict[str, Resource]
    folder: Path

    def resources(self, kind: str, stack: str | None = None) -> dict[str, Resource]:
        """Resources of type `kind`, by logical id without its hash."""
        return {
            readable(logical_id): resource
            for name, template in self.stacks.items()
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind and stack in (None, name)
        }

    def properties(self, kind: str, stack: str | None = None) -> dict[str, Resource]:
        """The properties alone."""
        found = self.resources(kind, stack)
        return {name: resource.get("Properties", {}) for name, resource in found.items()}

    def kinds(self) -> set[str]:
        """All resource types of the stage."""
        return {
            resource["Type"]
            for template in self.stacks.values()
            for resource in template["Resources"].values()
        }

    def text(self, value: Any) -> str:
        """A value with its references written as names: `Images/api/*` for an ARN below a bucket.

        References into other stacks are followed to what they export.
        """
        match value:
            case str():
                return value
            case {"Ref": str(name)}:
                return name if name.startswith("AWS::") else readable(name)
            case {"Fn::GetAtt": [str(logical_id), _]}:
                return readable(logical_id)
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(self.text(part) for part in parts)
            case {"Fn::Sub": str(text)}:
                return text
            case {"Fn::ImportValue": str(export)}:
                return self.text(self._exported(export))
        raise TypeError(f"{value} is neither text nor a reference")

    def _exported(self, export: str) -> Any:
        for template in self.stacks.values():
            for output in template.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == export:
                    return output["Value"]
        raise KeyError(export)


def readable(logical_id: str) -> str:
    """A logical id without the hash that CDK appends."""
    return _HASH.sub("", logical_id)


Synthesize = Callable[[StageConfig], Templates]


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    """Real code and layers; a dashboard and a model as small as they can be.

    All stages get the host's runtime layer: what a template says does not depend on the wheels.
    """
    folder = tmp_path_factory.mktemp("assets")
    (folder / "dashboard").mkdir()
    (folder / "dashboard" / "index.html").write_text("<!doctype html><title>VisionFlow</title>")
    write_tiny_artifact(folder / "starter")
    return replace(
        project_assets(LOCAL), dashboard=folder / "dashboard", starter_model=folder / "starter"
    )


@pytest.fixture(scope="session")
def synthesize(assets: Assets, tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """The templates of a stage, as its synthesis through cdk-nag leaves them.

    The local stage's are made as the CDK CLI does it.
    """

    @cache
    def synthesized(stage: StageConfig) -> Templates:
        outdir = tmp_path_factory.mktemp(stage.name)
        if stage == LOCAL:
            result = run_app(outdir, stage.name)
            assert result.returncode == 0, result.stderr
        else:
            build_app(stage, assets, outdir=str(outdir)).synth()
        return read_templates(stage, outdir)

    return synthesized


@pytest.fixture(params=list(STAGES))
def templates(request: pytest.FixtureRequest, synthesize: Synthesize) -> Templates:
    """Every stage in turn."""
    return synthesize(STAGES[request.param])


@pytest.fixture(params=[name for name, stage in STAGES.items() if stage.on_aws])
def on_aws(request: pytest.FixtureRequest, synthesize: Synthesize) -> Templates:
    """Every stage on AWS in turn."""
    return synthesize(STAGES[request.param])


@pytest.fixture
def local(synthesize: Synthesize) -> Templates:
    """The stage of the local cloud."""
    return synthesize(LOCAL)


def run_app(outdir: Path, stage: str) -> subprocess.CompletedProcess[str]:
    """The command of `cdk.json`, run as the CDK CLI does: from the folder of that file."""
    command = shlex.split(json.loads((INFRA / "cdk.json").read_text())["app"])
    context = {"CDK_OUTDIR": str(outdir), "CDK_CONTEXT_JSON": json.dumps({"stage": stage})}
    return subprocess.run(
        command, cwd=INFRA, env=os.environ | context, capture_output=True, text=True, check=False
    )


def read_templates(stage: StageConfig, outdir: Path) -> Templates:
    """The templates that a synthesis wrote."""
    suffix = ".template.json"
    return Templates(
        stage,
        {
            path.name.removesuffix(suffix).rpartition("-")[2]: json.loads(path.read_text())
            for path in outdir.glob(f"*{suffix}")
        },
        outdir,
    )
