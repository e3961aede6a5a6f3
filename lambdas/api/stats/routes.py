"""The routes of the statistics."""

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.stats.daily import DailyStats
from lambdas.api.stats.service import Stats, StatsService

endpoints = Endpoints(StatsService.build)


@endpoints.add("GET", "/stats", "from", "to")
def stats(service: StatsService, request: Request) -> Stats:
    return service.of(request.days(), request.caller)


@endpoints.add("GET", "/stats/daily", "from", "to")
def daily(service: StatsService, request: Request) -> DailyStats:
    return service.daily(request.days(), request.caller)
