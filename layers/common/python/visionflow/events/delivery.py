"""Whether the function that delivers to webhooks takes from its queue."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from visionflow.errors import HookConflictError
from visionflow.events.hook_store import HookStore
from visionflow.settings import EnvSettings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_ON: Final = ("Enabling", "Enabled")
_OFF: Final = ("Disabling", "Disabled")


@dataclass(frozen=True)
class DeliverySettings(EnvSettings):
    """Name of the table of hooks, and id of the mapping from the queue to the function."""

    hooks_table: str
    hook_mapping: str


@dataclass(frozen=True)
class Delivery:
    """The ``mapping`` from the queue to the function. Polling an empty queue is billed, so it is on
    while there is a webhook."""

    store: HookStore
    functions: "LambdaClient"
    mapping: str

    def switch(self, without: str | None = None) -> None:
        """Switch it on or off, as hooks but that one ``without`` want it. Raises
        `HookConflictError` where Lambda is at the opposite still."""
        wanted = self._is_wanted(without)
        try:
            self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=wanted)
        except self.functions.exceptions.ResourceInUseException as error:
            # It takes Lambda up to a minute, and two hooks are often made in one.
            if self._state() not in (_ON if wanted else _OFF):
                raise HookConflictError(
                    "Deliveries are being switched on or off; try again in a minute."
                ) from error

    def mend(self) -> bool:
        """Switch it as the hooks want it where it is otherwise; whether it was. A deployment that
        changes the mapping sets it back to what the template says: off."""
        wanted = self._is_wanted()
        if self._state() in (_ON if wanted else _OFF):
            return False
        with suppress(self.functions.exceptions.ResourceInUseException):  # the next look sees to it
            self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=wanted)
        return True

    def _is_wanted(self, without: str | None = None) -> bool:
        hooks = (hook for hook in self.store.list() if hook.name != without)
        return any(hook.kind == "webhook" for hook in hooks)

    def _state(self) -> str:
        return self.functions.get_event_source_mapping(UUID=self.mapping)["State"]
