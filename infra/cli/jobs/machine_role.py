"""The role of one machine of the local cloud.

On AWS all machines share a role whose policy names the caller by ``${aws:userid}``. The emulator
enforces policies but fills in no variables, so here a machine gets the very same policy with its
name in the variable's place.
"""

import hashlib
import json
from contextlib import suppress

import boto3

from infra.cli.endpoints import Endpoints

ITSELF = "${aws:userid}"


class MachineRole:
    """Made before a machine starts, deleted when it has ended."""

    def __init__(self, target: Endpoints, reporter: str) -> None:
        self._iam = boto3.client("iam", **target.options)
        self._deployed = target.training.job_role.rpartition("/")[2]
        self._reporter = reporter
        # The reporter's colon cannot be part of a role's name.
        self.name = f"visionflow-machine-{hashlib.sha256(reporter.encode()).hexdigest()[:32]}"

    def make(self) -> str:
        """Make or renew the role; returns its ARN."""
        trust = self._iam.get_role(RoleName=self._deployed)["Role"]["AssumeRolePolicyDocument"]
        with suppress(self._iam.exceptions.EntityAlreadyExistsException):
            self._iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=_text(trust))
        for policy in self._policies(self._deployed):
            deployed = self._iam.get_role_policy(RoleName=self._deployed, PolicyName=policy)
            self._iam.put_role_policy(
                RoleName=self.name,
                PolicyName=policy,
                PolicyDocument=_text(deployed["PolicyDocument"]).replace(ITSELF, self._reporter),
            )
        arn: str = self._iam.get_role(RoleName=self.name)["Role"]["Arn"]
        return arn

    def delete(self) -> None:
        for policy in self._policies(self.name):
            self._iam.delete_role_policy(RoleName=self.name, PolicyName=policy)
        self._iam.delete_role(RoleName=self.name)

    def _policies(self, role: str) -> list[str]:
        names: list[str] = self._iam.list_role_policies(RoleName=role)["PolicyNames"]
        return names


def _text(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document)
