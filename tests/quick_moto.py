"""moto without the work that no test of this project has a use for."""

from collections.abc import MutableMapping
from functools import cache
from typing import Any

import botocore.session
from moto.core.model import StructureShape
from moto.core.serialize import SERIALIZERS, JSONSerializer


class _QuickSerializer(JSONSerializer):
    """Writes the one member that a value of DynamoDB has, without a search for the nine others."""

    def _serialize_type_structure(
        self,
        serialized: MutableMapping[str, Any],
        value: Any,
        shape: StructureShape,
        key: str,
    ) -> None:
        if shape.name != "AttributeValue" or type(value) is not dict:
            super()._serialize_type_structure(serialized, value, shape, key)
            return
        written = serialized.setdefault(key, {})
        for member, content in value.items():
            self._serialize(written, content, shape.members[member], member)


def quicken() -> None:
    """Make moto quicker in this process.

    - It begins a session for each test, and each would parse the descriptions of AWS's services
      anew: a third of the time of the tests with moto.
    - It looks for each of the ten types that a value of DynamoDB may have, in several spellings: a
      tenth of what is left.
    """
    botocore.session.create_loader = cache(botocore.session.create_loader)
    SERIALIZERS["json"] = _QuickSerializer
