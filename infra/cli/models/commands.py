"""``visionflow models``: list versions, and change which of them serve."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from infra.cli.command_line import ALL_STAGES, add_command, moment
from infra.cli.endpoints import endpoints
from infra.cli.models.move_texts import sentences
from infra.cli.models.names import MODEL_HELP, find_model
from infra.errors import CommandError
from lambdas.api.models.comparison import ComparedModel, Comparison
from lambdas.api.models.service import ModelService
from lambdas.api.trees import Trees
from lambdas.web.parameters import MAX_LIMIT
from training.cli.options import Commands, add_group, answer, print_table
from training.texts.terminal import say
from visionflow import strict
from visionflow.insights.counters import CounterStore
from visionflow.insights.intervals import FEW
from visionflow.insights.shadows import ShadowStore
from visionflow.models.gate import PROVES
from visionflow.models.moves import Wanted
from visionflow.models.promotion_rule import PromotionRule, Verified
from visionflow.models.ref import ModelRef
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias, Canary, Move, Order

_LIMITS = {
    "max_error_rate": "failed images",
    "max_unknown_rate": "unknown images",
    "max_disagreement": "answers unlike those of production",
}


class Session:
    """One call of a command: its arguments, and the service that carries it out."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        found = endpoints(arguments)
        insights = found.data.insights_table
        counters = CounterStore(insights, found.dynamodb)
        shadows = ShadowStore(insights, found.data.predictions_table, found.dynamodb, counters)
        self.arguments = arguments
        self.registry = found.registry
        trees = Trees(found.models)
        comparison = Comparison(counters, found.reviews, shadows, trees)
        self.service = ModelService(self.registry, found.models, comparison, trees)
        self._caller = found.caller
        self.change = found.change

    def order(self) -> Order:
        return Order(self._caller(), datetime.now(UTC), self.arguments.reason)

    def model(self, text: str | None = None) -> ModelRef:
        """What ``text`` names, by default the argument. Raises as `find_model`."""
        wanted: str = self.arguments.model if text is None else text
        return find_model(wanted, lambda: [row.model for row in self.registry.versions()])

    def answer(self, data: object, text: Callable[[], None]) -> None:
        answer(self.arguments, data, text)


def add_parsers(commands: Commands) -> None:
    """Add ``models``; each of its steps sets ``run``."""
    steps = add_group(commands, "models", "List, compare, promote and roll back model versions.")
    _step(steps, "list", _list, "List all versions and which of them serve.")
    _with_version(_step(steps, "show", _show, "Show a version with its metrics and gate."))
    compare = _step(steps, "compare", _compare, "Compare versions with the first of them.")
    compare.add_argument("models", nargs="+", metavar="MODEL", help="two or more name/version")
    compare.add_argument("--days", type=int, default=30, help="days to look back (default: 30)")
    _with_version(_move(steps, "promote", _promote, "Put a version into production."))
    canary = _move(steps, "canary", _canary, "Let a version answer a share of the images.")
    _with_version(canary, optional=True)
    canary.add_argument("--percent", type=int, help="share of the images in percent, 1 to 99")
    canary.add_argument("--off", action="store_true", help="end the canary")
    shadow = _move(
        steps, "shadow", _shadow, "Let a version classify every image again, after the answer."
    )
    _with_version(shadow, optional=True)
    shadow.add_argument("--off", action="store_true", help="end the shadow")
    _move(steps, "rollback", _rollback, "Restore the version in production before this.")
    _with_version(_move(steps, "retire", _retire, "Keep a version from ever serving again."))
    history = _step(
        steps, "history", _history, "List who moved which alias, and when, the latest first."
    )
    history.add_argument("--alias", choices=get_args(Alias), help="only moves of this alias")
    history.add_argument(
        "--limit", type=int, default=20, metavar="N", help="at most N moves (default: 20)"
    )
    history.add_argument("--at", metavar="TIME", help="only the move that held at this time")
    _add_rule(steps)


def _add_rule(steps: Commands) -> None:
    rule = _step(steps, "rule", _rule, "Show or set when a version is rolled back automatically.")
    _add_switch(rule)
    rule.add_argument(
        "--min-images", type=int, metavar="N", help="images before the rule looks at a version"
    )
    for limit, share in _LIMITS.items():
        option = "--" + limit.replace("_", "-")
        rule.add_argument(
            option, type=_limit, metavar="SHARE", help=f"largest share of {share}, 0 to 1, or none"
        )
    promotion = _step(
        steps,
        "promotion-rule",
        _promotion_rule,
        "Show or set when the version of a training job is promoted automatically.",
    )
    _add_switch(promotion)
    promotion.add_argument(
        "--min-images", type=int, metavar="N", help="images that the sealed set must have"
    )
    promotion.add_argument(
        "--min-gain",
        type=float,
        metavar="SHARE",
        help="top-1 on the sealed images above that of production, 0 to 1",
    )


def _add_switch(rule: argparse.ArgumentParser) -> None:
    switch = rule.add_mutually_exclusive_group()
    for option, enabled, about in (("--on", True, "enable"), ("--off", False, "disable")):
        switch.add_argument(
            option,
            dest="enabled",
            action="store_const",
            const=enabled,
            help=f"{about} the rule",
        )


def _limit(text: str) -> float | str:
    return text if text == "none" else float(text)


def _step(
    steps: Commands, name: str, run: Callable[[Session], None], summary: str
) -> argparse.ArgumentParser:
    def command(arguments: argparse.Namespace) -> int:
        run(Session(arguments))
        return 0

    return add_command(steps, name, command, summary, stages=ALL_STAGES)


def _with_version(
    parser: argparse.ArgumentParser, *, optional: bool = False
) -> argparse.ArgumentParser:
    nargs = "?" if optional else None
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs=nargs,
        help=MODEL_HELP,
    )
    return parser


def _move(
    steps: Commands, name: str, run: Callable[[Session], None], summary: str
) -> argparse.ArgumentParser:
    """A step that changes what serves; it is in the audit trail."""

    def audited(session: Session) -> None:
        asked = vars(session.arguments)
        details = {key: asked.get(key) for key in ("percent", "off", "reason")}
        if asked["dry_run"]:
            run(session)
            return
        subject = session.model().text if asked.get("model") else ""
        with session.change(f"models {name}", subject) as outcome:
            outcome.details |= {key: value for key, value in details.items() if value}
            run(session)

    parser = _step(steps, name, audited, summary)
    parser.add_argument("--reason", help="why, for the history")
    parser.add_argument(
        "--dry-run", action="store_true", help="print what the move would change, and move nothing"
    )
    return parser


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

    session.answer(found, text)


def _show(session: Session) -> None:
    found = session.service.detail(session.model())

    def text() -> None:
        say(f"{found.name} {found.version} ({found.precision}), {found.labels} labels")
        say(f"serves as {', '.join(found.aliases)}" if found.aliases else "does not serve")
        if found.never_unsure and not found.recognises_unfamiliar:
            say("never answers unknown: its threshold holds no answer back")
        elif found.never_unsure:
            say("never answers unsure: its threshold holds no answer back")
        if not found.recognises_unfamiliar:
            say("does not recognise unfamiliar images; train a new version to get this")
        if found.retired:
            why = found.retired.reason or "no reason given"
            say(f"retired at {found.retired.at} by {found.retired.by}: {why}")
        say(_verified(found.verified))
        print_table([("METRIC", "VALUE")] + [(k, f"{v:.6g}") for k, v in found.metrics.items()])
        say()
        rows = [
            (c["name"], f"{c['value']:.4g}", f"{c['limit']:.4g}", "yes" if c["passed"] else "NO")
            for c in found.manifest["gate"]
        ]
        print_table([("GATE", "VALUE", "LIMIT", "PASSED"), *rows])
        say(PROVES)

    session.answer(found, text)


def _verified(found: Verified | None) -> str:
    if found is None:
        return "not verified: no sealed images to measure it with"
    low, high = found.interval
    text = f"verified: {found.top1:.1%} ({low:.1%} to {high:.1%}) of {found.images} sealed images"
    return text if found.agreement is None else f"{text}, {found.agreement:.1%} as fp32 answers"


def _compare(session: Session) -> None:
    asked = session.arguments
    now = datetime.now(UTC)
    first = (now - timedelta(days=asked.days)).date().isoformat()
    models = [session.model(one) for argument in asked.models for one in argument.split(",")]
    found = session.service.compare(models, first, now.date().isoformat())

    def text() -> None:
        header = (
            *("VERSION", "ANSWERS", "UNSURE", "UNFAMILIAR", "FAILED", "COMPARED", "AGREEMENT"),
            *("CONFIDENCE", "SHIFT", "P50 (MS)", "P95 (MS)", "ACCURACY (95 % INTERVAL)"),
        )
        print_table([header, *map(_compared_row, found.items)])

    session.answer(found, text)


def _compared_row(item: ComparedModel) -> tuple[str, ...]:
    right = ""
    if f := item.feedback:
        right = (
            f"too few to tell ({f.n} of {FEW})"
            if f.n < FEW
            else f"{f.accuracy:.1%} ({f.low:.1%} to {f.high:.1%}, n={f.n})"
        )

    def number(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    return (
        f"{item.name} {item.version}",
        *map(str, (item.n, item.unsure, item.unfamiliar, item.errors, item.compared)),
        number(item.agreement, ".1%"),
        number(item.mean_confidence, ".3f"),
        number(item.confidence_shift, "+.3f"),
        number(item.p50_ms, ".2f"),
        number(item.p95_ms, ".2f"),
        right,
    )


def _promote(session: Session) -> None:
    _carry_out(session, Wanted("promote", session.model()))


def _canary(session: Session) -> None:
    asked = session.arguments
    if asked.off:
        wanted = Wanted("end_canary")
    elif asked.model is None or asked.percent is None:
        raise CommandError("Name a version and --percent, or give --off.")
    else:
        wanted = Wanted("canary", session.model(), asked.percent)
    _carry_out(session, wanted)


def _shadow(session: Session) -> None:
    asked = session.arguments
    if asked.off:
        wanted = Wanted("end_shadow")
    elif asked.model is None:
        raise CommandError("Name a version, or give --off.")
    else:
        wanted = Wanted("shadow", session.model())
    _carry_out(session, wanted)


def _rollback(session: Session) -> None:
    _carry_out(session, Wanted("rollback"))


def _retire(session: Session) -> None:
    _carry_out(session, Wanted("retire", session.model()))


def _carry_out(session: Session, wanted: Wanted) -> None:
    """Make the move whose effects are printed: not where the aliases move in between."""
    order = session.order()
    preview = session.service.preview(wanted, order)
    if session.arguments.dry_run:
        session.answer(preview, lambda: _print_lines(sentences(preview)))
        return
    moved = session.service.move(wanted, replace(order, seen=preview.revision))

    def text() -> None:
        _print_lines(sentences(preview))
        for alias, model in vars(moved.aliases).items():
            share = f", {model.percent} %" if isinstance(model, Canary) else ""
            say(f"{alias}: {f'{model.name} {model.version}{share}' if model else 'none'}")

    session.answer({**strict.to_dict(moved.aliases), "classes": moved.classes}, text)


def _print_lines(lines: list[str]) -> None:
    for line in lines:
        say(line)


def _history(session: Session) -> None:
    asked = session.arguments
    moves: tuple[Move, ...]
    if asked.at is not None:
        move = session.registry.served_at(moment(asked.at), asked.alias or "production")
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

    session.answer(moves, text)


def _rule(session: Session) -> None:
    asked = vars(session.arguments)
    changes: dict[str, Any] = {
        name: None if value == "none" else value
        for name in ("enabled", "min_images", *_LIMITS)
        if (value := asked[name]) is not None
    }
    rule = replace(session.registry.rule(), **changes)
    if changes:
        with session.change("models rule", "") as outcome:
            outcome.details |= vars(rule)
            session.registry.set_rule(rule)

    session.answer(rule, lambda: _print_rule(rule))


def _promotion_rule(session: Session) -> None:
    asked = vars(session.arguments)
    changes: dict[str, Any] = {
        name: value
        for name in ("enabled", "min_images", "min_gain")
        if (value := asked[name]) is not None
    }
    rule = replace(session.registry.promotion_rule(), **changes)
    if changes:
        with session.change("models promotion-rule", "") as outcome:
            outcome.details |= vars(rule)
            session.registry.set_promotion_rule(rule)
    session.answer(rule, lambda: _print_rule(rule))


def _print_rule(rule: RollbackRule | PromotionRule) -> None:
    say("on" if rule.enabled else "off")
    limits = [(name, value) for name, value in vars(rule).items() if name != "enabled"]
    rows = [(name, "none" if value is None else f"{value:g}") for name, value in limits]
    print_table([("LIMIT", "VALUE"), *rows])
