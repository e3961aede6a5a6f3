"""How every group of routes is written: functions from a service and a request to a body."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from lambdas.api.resolver import in_powertools
from lambdas.api.resources import Resources, resources
from lambdas.outcomes import status_of
from lambdas.web import parameters
from lambdas.web.caller import caller_of
from lambdas.web.http import HttpEvent, Response
from lambdas.web.json_body import Body, read_json
from lambdas.web.parameters import DEFAULT_LIMIT, MAX_LIMIT
from lambdas.web.resolver import json_response
from lambdas.web.routes import Method, Route, route_of
from visionflow import strict
from visionflow.access.caller import NOBODY, Caller
from visionflow.access.quotas import Amounts
from visionflow.errors import ForbiddenError
from visionflow.models.ref import ModelRef, parse_ref
from visionflow.timestamps import timestamp

DEFAULT_PERIOD = timedelta(days=30)
# They change nothing of what others have: a form is signed, whose image has a record, and records
# are added.
_NOT_AUDITED = {("POST", "/uploads"), ("POST", "/predictions")}

S = TypeVar("S")
P = ParamSpec("P")


@dataclass(frozen=True)
class Request:
    """What a request says, and who sends it. Everything that does not fit is an `InputError`.

    ``details`` is what the audit trail says of a change: its body as it was read, its query, and
    what the endpoint adds, such as a name that it made. Never a secret.
    """

    event: HttpEvent
    caller: Caller
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str]:
        return self.event.query

    def body(self, cls: type[Body], *, optional: bool = False) -> Body:
        found = self.read(cls, optional=optional)
        self.details.update(strict.to_dict(found))
        return found

    def read(self, cls: type[Body], *, optional: bool = False) -> Body:
        """`body` for one that is too long for the audit trail."""
        return read_json(self.event, cls, optional=optional)

    def text(self, name: str) -> str | None:
        return parameters.short_text(name, self.query.get(name))

    def model(self, name: str) -> ModelRef | None:
        """One that the query names as ``name/version``."""
        text = self.query.get(name)
        return None if text is None else parse_ref(name, text)

    def choice(self, name: str, literal: Any) -> Any:
        return parameters.choice(name, self.query.get(name), literal)

    def moment(self, name: str) -> str | None:
        return parameters.moment(name, self.query.get(name))

    def limit(self, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> int:
        return parameters.limit(self.query.get("limit"), default, most)

    def days(self, period: timedelta = DEFAULT_PERIOD) -> tuple[str, str]:
        """The days (UTC) from ``from`` to ``to``; by default the ``period`` that ends now."""
        now = datetime.now(UTC)
        last = self.moment("to") or timestamp(now)
        first = self.moment("from") or min(last, timestamp(now - period))
        return parameters.whole_days(first, last)


@contextmanager
def _counted(route: Route, request: Request) -> Iterator[Callable[[Response], None]]:
    """Count a request of a known caller, also one that fails.

    A change is counted before it is made; a read afterwards, with the bytes of its answer, but
    before that is sent. Raises `QuotaExceededError`.
    """
    if route.public:
        yield lambda _: None
        return
    usage, caller = resources().usage, request.caller
    if route.method != "GET":
        usage.spend(caller, Amounts(requests=1, bytes=len(request.event.body or "")))
        yield lambda _: None
        return
    sent = 0

    def count_answer(response: Response) -> None:
        nonlocal sent
        sent = len(response.body or "")

    usage.check(caller, Amounts(requests=1, bytes=1))
    try:
        yield count_answer
    finally:
        usage.spend(caller, Amounts(requests=1, bytes=sent))


Endpoint = Callable[Concatenate[S, Request, P], object]


class Endpoints(Generic[S]):
    """A group of routes and the service that answers them.

    An endpoint takes the service, the request and the parameters of its path, and returns a body or
    a `Response`. Whether the caller may use the route, by the table of routes, is checked before
    anything else is read, and every change is in the audit trail, refused ones too.
    """

    def __init__(self, build: Callable[[Resources], S]) -> None:
        """``build`` is called once, by the first request."""
        self.router = APIGatewayHttpRouter()
        self.service = lru_cache(maxsize=1)(lambda: build(resources()))

    def add(
        self, method: Method, path: str, *query: str
    ) -> Callable[[Endpoint[S, P]], Endpoint[S, P]]:
        """Register an endpoint that takes the parameters ``query``."""
        route = route_of(method, path)

        def register(endpoint: Endpoint[S, P]) -> Endpoint[S, P]:
            def respond(*args: P.args, **in_path: P.kwargs) -> Any:
                event = HttpEvent(self.router.current_event.raw_event)
                request = Request(event, self._caller(route, event))

                def call() -> Response:
                    parameters.only(request.query, *query)
                    request.details.update(request.query)
                    answer = endpoint(self.service(), request, *args, **in_path)
                    return answer if isinstance(answer, Response) else json_response(answer)

                with _counted(route, request) as count_answer:
                    response = self._audited(route, request, call)
                    count_answer(response)
                return in_powertools(response)

            self.router.route(path, method=method)(respond)
            return endpoint

        return register

    def _caller(self, route: Route, event: HttpEvent) -> Caller:
        """Who sends the request. Raises `ForbiddenError` for one who is not known."""
        if route.needs is None:
            return NOBODY
        signs_in = bool(resources().settings.requires_sign_in)
        return caller_of(event, requires_sign_in=signs_in)

    def _audited(self, route: Route, request: Request, call: Callable[[], Response]) -> Response:
        """Make a call that the caller may make. Raises `ForbiddenError` without the route's scope.

        Nothing is changed that is not written down before, and a caller's refused attempt is one
        row. Strangers cannot fill the trail.
        """
        caller, audit = request.caller, resources().audit
        changes = route.method != "GET" and (route.method, route.path) not in _NOT_AUDITED
        action = f"{route.method} {route.path}"
        subject = "/".join(map(unquote, route.values(request.event.path)))
        try:
            if route.needs is not None:
                caller.require(route.needs)
        except ForbiddenError as error:
            if changes:
                audit.add(caller.name, caller.id, action, subject, {}, status_of(error))
            raise
        if not changes:
            return call()
        with audit.change(caller.name, caller.id, action, subject, status_of) as outcome:
            outcome.details = request.details
            answer = call()
            outcome.status = answer.status_code
        return answer
