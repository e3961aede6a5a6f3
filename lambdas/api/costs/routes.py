"""The route of the costs."""

from datetime import UTC, datetime, timedelta

from lambdas.api.costs.service import Costs, CostService
from lambdas.api.endpoints import Endpoints, Request

endpoints = Endpoints(CostService.build)


@endpoints.add("GET", "/costs", "from", "to")
def costs(service: CostService, request: Request) -> Costs:
    today = datetime.now(UTC).date().isoformat()
    return service.of(*request.days(timedelta()), today)
