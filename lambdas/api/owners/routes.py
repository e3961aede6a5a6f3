"""The route that erases what an owner has sent."""

from datetime import UTC, datetime
from urllib.parse import unquote

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.owners.service import ErasedOwner, OwnerService

endpoints = Endpoints(OwnerService.build)


@endpoints.add("DELETE", "/owners/<owner>")
def erase(service: OwnerService, _request: Request, owner: str) -> ErasedOwner:
    # An owner has a colon, which clients may escape.
    return service.erase(unquote(owner), datetime.now(UTC))
