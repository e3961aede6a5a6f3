"""What is done about a spent budget, without SNS."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from lambdas import clients
from lambdas.budget.settings import BudgetFunctionSettings
from visionflow.access.budget import Order, StageStop

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

REASON = "The month's budget is spent."


@dataclass(frozen=True)
class BudgetService:
    """Writes the stop that all functions see, and holds dropped images back in their queue: while
    its mapping is off, no message is delivered, so none runs out of tries."""

    stop: StageStop
    functions: "LambdaClient"
    ingest_mapping: str

    @classmethod
    def build(cls, settings: BudgetFunctionSettings) -> Self:
        stop = StageStop(settings.usage_table, clients.dynamodb())
        return cls(stop, clients.functions(), settings.ingest_mapping)

    def obey(self, order: Order, now: datetime) -> None:
        """Doing so twice changes nothing."""
        match order:
            case "stop":
                self.stop.stop(REASON, now)
                self._take_dropped_images(False)
            case "pause":
                self._take_dropped_images(False)
            case "resume":
                self.stop.resume(now)
                self._take_dropped_images(True)

    def begin_month(self) -> None:
        """A new month has a new row, so it is neither stopped nor used up."""
        self._take_dropped_images(True)

    def _take_dropped_images(self, enabled: bool) -> None:
        self.functions.update_event_source_mapping(UUID=self.ingest_mapping, Enabled=enabled)
