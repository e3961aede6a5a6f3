"""The bodies of the routes about hooks."""

from dataclasses import dataclass

from visionflow.events.hook_store import Outcome
from visionflow.events.hooks import HookFilter, HookKind, HookStatus, HookTarget
from visionflow.predictions.record import Source


@dataclass(frozen=True)
class HookRequest:
    """The hook to make. ``target``: an https address, an e-mail address, or the ARN of an SQS queue
    whose policy lets EventBridge send. Without any filter it gets every event; with some, those
    events alone that have one of the values of each list and lie within the bounds."""

    name: str
    target: str
    kinds: tuple[HookKind, ...] = ()
    labels: tuple[str, ...] = ()
    statuses: tuple[HookStatus, ...] = ()
    sources: tuple[Source, ...] = ()
    models: tuple[str, ...] = ()
    confidence_at_least: float | None = None
    confidence_below: float | None = None

    @property
    def wants(self) -> HookFilter:
        return HookFilter(
            kinds=self.kinds,
            labels=self.labels,
            statuses=self.statuses,
            sources=self.sources,
            models=self.models,
            confidence_at_least=self.confidence_at_least,
            confidence_below=self.confidence_below,
        )


@dataclass(frozen=True)
class HookState:
    """A hook, without its secret. ``kind`` is what its target is. ``secret_at``: when a webhook's
    secret was made. ``outcome``: how its deliveries went; null for targets that are not webhooks,
    of which nobody hears."""

    name: str
    kind: HookTarget
    target: str
    wants: HookFilter
    created_at: str
    created_by: str
    secret_at: str | None
    outcome: Outcome | None


@dataclass(frozen=True)
class NewHook(HookState):
    """A hook with its ``secret``, which is not shown again; null where there is none."""

    secret: str | None


@dataclass(frozen=True)
class HookSecret:
    """A new secret of a hook, which is not shown again. The one from before is good until
    ``both_until``."""

    secret: str
    both_until: str


@dataclass(frozen=True)
class HookPage:
    """All hooks by name. ``waiting`` and ``dead``: events for webhooks that are still to be
    delivered, and those that were given up, about as many. ``event_bus``: where to add rules of
    your own."""

    items: tuple[HookState, ...]
    waiting: int
    dead: int
    event_bus: str


@dataclass(frozen=True)
class HookTry:
    """An event ``hook.test`` with this id is on its way."""

    id: str


@dataclass(frozen=True)
class HookReplay:
    """``replayed`` events are on their way again. ``more``: there may be others, since a request
    takes a limited time; ask again."""

    replayed: int
    more: bool
