"""The route about the caller."""

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.me.service import Me, MeService

endpoints = Endpoints(MeService.build)


@endpoints.add("GET", "/me")
def me(service: MeService, request: Request) -> Me:
    return service.me(request.caller)
