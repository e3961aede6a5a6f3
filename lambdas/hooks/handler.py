"""Lambda entry point of the queue of webhooks."""

import os
from functools import lru_cache, partial
from typing import Any

from lambdas import clients
from lambdas.hooks.post import post
from lambdas.hooks.service import HooksService, Message, Secrets
from lambdas.hooks.settings import HooksSettings
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from visionflow.events.hook_store import HookStore


@lru_cache
def service() -> HooksService:
    settings = HooksSettings.from_env(os.environ)
    return HooksService(
        HookStore(settings.hooks_table, clients.dynamodb()),
        Secrets(settings.hook_secrets, clients.ssm()),
        clients.sqs(),
        settings.hook_queue,
        settings.hook_dead_letters,
        partial(post, allow_loopback=bool(settings.allow_loopback)),
    )


@logged()
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    messages: list[tuple[str, Message]] = []
    for record in event["Records"]:
        sent_at = int(record["attributes"]["SentTimestamp"]) / 1000
        try:
            messages.append((record["messageId"], Message.parse(record["body"], sent_at)))
        except ValueError as error:
            logger.exception("to the dead letters")
            service().bury(record["body"], str(error))
    failed = service().deliver(messages)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
