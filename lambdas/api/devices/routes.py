"""The route that takes what devices answered."""

from datetime import UTC, datetime

from lambdas.api.devices.service import DeviceRecords, DeviceService, RecordsTaken
from lambdas.api.endpoints import Endpoints, Request

endpoints = Endpoints(DeviceService.build)


@endpoints.add("POST", "/predictions")
def records(service: DeviceService, request: Request) -> RecordsTaken:
    # Not for the audit trail: a record says itself who sent it.
    return service.take(request.read(DeviceRecords), request.caller, datetime.now(UTC))
