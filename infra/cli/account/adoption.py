"""Takes what a removed deployment has kept back into its stacks, before they are deployed again.

`cdk import` cannot: its template has a resource as the stack has it, and the images bucket names a
queue that is gone. So the change set of type IMPORT is made here, from the same template without
the properties that refer to what is not there. The deployment that follows puts them back.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import WaiterError

from infra.cli.account.kept import BUCKET, TABLE, USER_POOL, Kept
from infra.errors import CommandError

_IDENTIFIERS = {BUCKET: "BucketName", TABLE: "TableName", USER_POOL: "UserPoolId"}
_CHANGE_SET = "take-back-kept-data"
# Of a template that is sent with its change set.
_MOST_BYTES = 51_200
# A change set of a dozen resources takes a minute, the import as long.
_WAIT = {"Delay": 5, "MaxAttempts": 120}


@dataclass(frozen=True)
class Import:
    """A stack of kept resources alone. ``left``: kept resources that the template does not have any
    more; they stay as they are."""

    stack: str
    template: Mapping[str, Any]
    resources: tuple[Mapping[str, Any], ...]
    left: tuple[Kept, ...]


def planned(stack: str, template: Mapping[str, Any], kept: Iterable[Kept]) -> Import:
    """What to import into ``stack``, whose whole template is ``template``.

    Raises `CommandError` where two kept resources could be the same one.
    """
    of_logical_id: dict[str, Kept] = {}
    left: list[Kept] = []
    for one in kept:
        if one.stack != stack:
            continue
        logical_id = _logical_id(one, template["Resources"])
        if logical_id is None:
            left.append(one)
        elif logical_id in of_logical_id:
            names = f"{of_logical_id[logical_id].name} and {one.name}"
            raise CommandError(
                f"{names} are both kept by earlier deployments as the same part of {stack}. "
                "Copy what you need from one of them, delete it, and try again."
            )
        else:
            of_logical_id[logical_id] = one
    resources = {
        name: _importable(template["Resources"][name], of_logical_id) for name in of_logical_id
    }
    found = Import(
        stack,
        {"Resources": resources},
        tuple(
            {
                "ResourceType": one.type,
                "LogicalResourceId": name,
                "ResourceIdentifier": {_IDENTIFIERS[one.type]: one.name},
            }
            for name, one in of_logical_id.items()
        ),
        tuple(left),
    )
    if len(json.dumps(found.template)) > _MOST_BYTES:
        raise CommandError(f"The template of {stack} is too large to import at once.")
    return found


def take_back(client: Any, wanted: Import, say: Callable[[str], None]) -> None:
    """Import, and wait for it. Raises `CommandError` with CloudFormation's reason."""
    stack = wanted.stack
    # A name of its own: that of an attempt that failed is still taken.
    of = {"StackName": stack, "ChangeSetName": f"{_CHANGE_SET}-{uuid4().hex}"}
    client.create_change_set(
        **of,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(wanted.template),
        ResourcesToImport=list(wanted.resources),
    )
    try:
        client.get_waiter("change_set_create_complete").wait(**of, WaiterConfig=_WAIT)
        client.execute_change_set(**of)
        client.get_waiter("stack_import_complete").wait(StackName=stack, WaiterConfig=_WAIT)
    except WaiterError as error:
        reason = error.last_response.get("StatusReason") or error
        raise CommandError(
            f"CloudFormation did not take back the kept data of {stack}: {reason}. Nothing is "
            f"lost; 'aws cloudformation describe-stack-events --stack-name {stack}' says more."
        ) from error
    names: Sequence[str] = [str(one["LogicalResourceId"]) for one in wanted.resources]
    say(f"{stack} has {len(names)} kept resources again: {', '.join(names)}")


def _logical_id(one: Kept, resources: Mapping[str, Mapping[str, Any]]) -> str | None:
    same_type = [name for name, found in resources.items() if found["Type"] == one.type]
    if one.type == USER_POOL:
        return same_type[0] if len(same_type) == 1 else None
    name = one.name.lower()
    found = (n for n in same_type if name.startswith(f"{one.stack}-{n}-".lower()))
    return next(found, None)


def _importable(resource: Mapping[str, Any], imported: Mapping[str, Kept]) -> dict[str, Any]:
    properties = {
        name: value
        for name, value in resource.get("Properties", {}).items()
        if all(target.startswith("AWS::") or target in imported for target in _targets(value))
    }
    # An import asks for a policy, and must never delete what it could not finish.
    return {"Type": resource["Type"], "DeletionPolicy": "Retain", "Properties": properties}


def _targets(value: Any) -> Iterator[str]:
    """What a value refers to; a value of another stack by a name that no resource has."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::ImportValue": _}:
            yield "Fn::ImportValue"
        case {"Fn::Sub": _}:
            yield "Fn::Sub"
        case dict():
            for part in value.values():
                yield from _targets(part)
        case list():
            for part in value:
                yield from _targets(part)
