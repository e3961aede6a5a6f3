"""``visionflow models``: which versions there are, what serves, and how that changes."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

from infra.cli.command_line import add_command, print_json, print_table, workspace_of
from infra.cli.deployed import aws_sentences, deployed
from infra.errors import CommandError
from infra.stages import LOCAL, STAGES
from lambdas.api.models.comparison import ComparedModel, Comparison
from lambdas.api.models.service import ModelService, ServingAliases
from lambdas.web.parameters import MAX_LIMIT
from visionflow import strict
from visionflow.insights.counters import CounterStore
from visionflow.insights.shadows import ShadowStore
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Alias, Aliases, Move, Order
from visionflow.models.store import ModelStore
from visionflow.predictions.reviews import ReviewStore

if TYPE_CHECKING:
    from infra.cli.command_line import Commands

_LIMITS = ("max_error_rate", "max_unknown_rate", "max_disagreement")


class Session:
    """One call of a command: the service behind it, and what was asked."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        found = deployed(arguments.stage, workspace_of(arguments))
        counters = CounterStore(found.insights_table, found.dynamodb)
        self.arguments = arguments
        self.registry = ModelRegistry(found.registry_table, found.dynamodb)
        self.service = ModelService(
            self.registry,
            ModelStore(found.models_bucket, found.s3),
            Comparison(
                counters,
                ReviewStore(found.predictions_table, found.insights_table, found.dynamodb),
                ShadowStore(found.insights_table, found.dynamodb, counters),
            ),
        )
        self._caller = found.caller

    def order(self) -> Order:
        return Order(self._caller(), datetime.now(UTC), self.arguments.reason)

    def model(self) -> ModelRef:
        return self.service.find(self.arguments.version, self.arguments.name)

    def say(self, data: object, text: Callable[[], None]) -> None:
        if self.arguments.json:
            print_json(strict.to_dict(data))
        else:
            text()


def add_parsers(commands: "Commands") -> None:
    """Add ``models``; each of its steps sets ``run``."""
    summary = "list, compare, promote and take back model versions"
    models = commands.add_parser("models", help=summary, description=summary)
    steps = models.add_subparsers(metavar="step", required=True)
    _step(steps, "list", _list, "every version and what serves")
    _with_version(_step(steps, "show", _show, "one version with its metrics and gate"))
    compare = _step(steps, "compare", _compare, "versions beside the first of them")
    compare.add_argument("versions", nargs="+", metavar="VERSION", help="two or more")
    compare.add_argument("--name", help="of the model")
    compare.add_argument("--days", type=int, default=30, help="look so far back (default 30)")
    _move(_with_version(_step(steps, "promote", _promote, "put a version into production")))
    canary = _step(steps, "canary", _canary, "let a version answer a share of the images")
    _move(_with_version(canary, optional=True))
    canary.add_argument("--percent", type=int, help="1 to 99")
    canary.add_argument("--off", action="store_true", help="end the canary")
    shadow = _step(steps, "shadow", _shadow, "let a version see every image after the answer")
    _move(_with_version(shadow, optional=True))
    shadow.add_argument("--off", action="store_true", help="end the shadow")
    _move(_step(steps, "rollback", _rollback, "put what was in production before back"))
    _move(_with_version(_step(steps, "retire", _retire, "never let a version serve again")))
    history = _step(steps, "history", _history, "who moved what, and when; what served at a time")
    history.add_argument("--alias", choices=get_args(Alias))
    history.add_argument("--limit", type=int, default=20, metavar="N", help="(default 20)")
    history.add_argument("--at", metavar="TIME", help="the version that served at this time")
    _add_rule(steps)


def _add_rule(steps: "Commands") -> None:
    rule = _step(steps, "rule", _rule, "show or set when a version is taken back without asking")
    switch = rule.add_mutually_exclusive_group()
    switch.add_argument("--on", dest="enabled", action="store_true", default=None)
    switch.add_argument("--off", dest="enabled", action="store_false", default=None)
    rule.add_argument("--min-images", type=int, metavar="N", help="before a share counts")
    for limit in _LIMITS:
        option = "--" + limit.replace("_", "-")
        rule.add_argument(option, type=_limit, metavar="SHARE", help="0..1, or none")


def _limit(text: str) -> float | str:
    return text if text == "none" else float(text)


def _step(
    steps: "Commands", name: str, run: Callable[[Session], None], summary: str
) -> argparse.ArgumentParser:
    def command(arguments: argparse.Namespace) -> int:
        with aws_sentences():
            run(Session(arguments))
        return 0

    parser = add_command(steps, name, command, summary)
    parser.add_argument("--stage", choices=tuple(STAGES), default=LOCAL.name)
    return parser


def _with_version(
    parser: argparse.ArgumentParser, *, optional: bool = False
) -> argparse.ArgumentParser:
    parser.add_argument("version", metavar="VERSION", nargs="?" if optional else None)
    parser.add_argument("--name", help="of the model, where two share the version")
    return parser


def _move(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", help="kept in the history")


def _list(session: Session) -> None:
    found = session.service.list()

    def text() -> None:
        rows = [("NAME", "VERSION", "PRECISION", "TOP-1", "GATE", "ALIASES", "CREATED (UTC)")]
        for item in found.items:
            top1 = item.metrics.get("test_top1")
            serves = ", ".join(item.aliases) or ("retired" if item.retired else "")
            rows.append(
                (
                    *(item.name, item.version, item.precision),
                    "" if top1 is None else f"{top1:.2%}",
                    "passed" if item.gate_passed else "forced",
                    serves,
                    item.created_at[:19],
                )
            )
        print_table(rows)

    session.say(found, text)


def _show(session: Session) -> None:
    found = session.service.detail(session.arguments.version, session.arguments.name)

    def text() -> None:
        print(f"{found.name} {found.version} ({found.precision}), {found.labels} labels")
        print(f"serves as {', '.join(found.aliases)}" if found.aliases else "serves nowhere")
        if found.retired:
            print(f"retired at {found.retired.at} by {found.retired.by}: {found.retired.reason}")
        print_table([("METRIC", "VALUE")] + [(k, f"{v:.6g}") for k, v in found.metrics.items()])
        print()
        checks = found.manifest["gate"]
        rows = [
            (c["name"], f"{c['value']:.4g}", f"{c['limit']:.4g}", "yes" if c["passed"] else "NO")
            for c in checks
        ]
        print_table([("GATE", "VALUE", "LIMIT", "PASSED"), *rows])

    session.say(found, text)


def _compare(session: Session) -> None:
    asked = session.arguments
    now = datetime.now(UTC)
    first = (now - timedelta(days=asked.days)).date().isoformat()
    versions = [version for argument in asked.versions for version in argument.split(",")]
    found = session.service.compare(versions, first, now.date().isoformat(), asked.name)

    def text() -> None:
        header = ("VERSION", "ANSWERS", "UNKNOWN", "ERRORS", "COMPARED", "AGREE")
        header2 = ("CONFIDENCE", "SHIFT", "P50 MS", "P95 MS", "RIGHT (95 %)")
        print_table([(*header, *header2), *map(_compared_row, found.items)])

    session.say(found, text)


def _compared_row(item: ComparedModel) -> tuple[str, ...]:
    right = ""
    if item.feedback:
        f = item.feedback
        right = f"{f.accuracy:.1%} ({f.low:.1%} to {f.high:.1%}, n={f.n})"

    def number(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    return (
        f"{item.name} {item.version}",
        *map(str, (item.n, item.unknown, item.errors, item.compared)),
        number(item.agreement, ".1%"),
        number(item.mean_confidence, ".3f"),
        number(item.confidence_shift, "+.3f"),
        number(item.p50_ms, ".2f"),
        number(item.p95_ms, ".2f"),
        right,
    )


def _promote(session: Session) -> None:
    _say_serving(session, session.registry.promote(session.model(), session.order()))


def _canary(session: Session) -> None:
    asked = session.arguments
    if asked.off:
        aliases = session.registry.clear_canary(session.order())
    elif asked.version is None or asked.percent is None:
        raise CommandError("Say which version and --percent, or --off.")
    else:
        aliases = session.registry.set_canary(session.model(), asked.percent, session.order())
    _say_serving(session, aliases)


def _shadow(session: Session) -> None:
    asked = session.arguments
    if asked.off:
        aliases = session.registry.clear_shadow(session.order())
    elif asked.version is None:
        raise CommandError("Say which version, or --off.")
    else:
        aliases = session.registry.set_shadow(session.model(), session.order())
    _say_serving(session, aliases)


def _rollback(session: Session) -> None:
    _say_serving(session, session.registry.roll_back(session.order()))


def _retire(session: Session) -> None:
    session.registry.retire(session.model(), session.order())
    _say_serving(session, session.registry.aliases())


def _history(session: Session) -> None:
    asked = session.arguments
    moves: tuple[Move, ...]
    if asked.at is not None:
        try:
            at = datetime.fromisoformat(asked.at)
        except ValueError as error:
            raise CommandError(f"{asked.at!r} is no ISO 8601 time.") from error
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        move = session.registry.served_at(at, asked.alias or "production")
        moves = (move,) if move else ()
    else:
        moves = session.service.history(
            min(max(asked.limit, 1), MAX_LIMIT), asked.alias, None
        ).items

    def text() -> None:
        rows = [("MOVED (UTC)", "ALIAS", "VERSION", "ACTION", "BY", "REASON")]
        for m in moves:
            share = f" {m.percent} %" if m.percent else ""
            version = f"{m.name} {m.version}{share}" if m.name else "none"
            rows.append((m.moved_at[:19], m.alias, version, m.action, m.by, m.reason or ""))
        print_table(rows)

    session.say(moves, text)


def _rule(session: Session) -> None:
    asked = vars(session.arguments)
    changes: dict[str, Any] = {
        name: None if value == "none" else value
        for name in ("enabled", "min_images", *_LIMITS)
        if (value := asked[name]) is not None
    }
    rule = replace(session.registry.rule(), **changes)
    if changes:
        session.registry.set_rule(rule)

    def text() -> None:
        print("on" if rule.enabled else "off")
        rows = [(name, "none" if v is None else f"{v:g}") for name, v in _rule_limits(rule)]
        print_table([("LIMIT", "VALUE"), *rows])

    session.say(rule, text)


def _rule_limits(rule: object) -> list[tuple[str, float | None]]:
    return [(name, value) for name, value in vars(rule).items() if name != "enabled"]


def _say_serving(session: Session, aliases: Aliases) -> None:
    serving = ServingAliases.of(aliases)

    def text() -> None:
        for alias, model in vars(serving).items():
            share = f", {aliases.canary.percent} %" if alias == "canary" and aliases.canary else ""
            print(f"{alias}: {f'{model.name} {model.version}{share}' if model else 'none'}")

    session.say(serving, text)
