"""Lambda entry point of every route but POST /predict, and of every path that does not exist."""

from typing import Any

from lambdas.api.about.routes import endpoints as about
from lambdas.api.audit.routes import endpoints as audit
from lambdas.api.backfills.routes import endpoints as backfills
from lambdas.api.costs.routes import endpoints as costs
from lambdas.api.datasets.routes import endpoints as datasets
from lambdas.api.devices.routes import endpoints as devices
from lambdas.api.feedback.routes import endpoints as feedback
from lambdas.api.hooks.routes import endpoints as hooks
from lambdas.api.keys.routes import endpoints as keys
from lambdas.api.me.routes import endpoints as me
from lambdas.api.models.routes import endpoints as models
from lambdas.api.owners.routes import endpoints as owners
from lambdas.api.predictions.routes import endpoints as predictions
from lambdas.api.resolver import ApiResolver
from lambdas.api.stats.routes import endpoints as stats
from lambdas.api.training_jobs.routes import endpoints as training_jobs
from lambdas.api.uploads.routes import endpoints as uploads
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged
from lambdas.telemetry.metrics import measured, metrics
from lambdas.web.http import request_id

GROUPS = (
    *(about, predictions, devices, uploads, models, feedback, stats, costs, training_jobs),
    *(owners, audit, me, keys, hooks, datasets, backfills),
)

app = ApiResolver()
for group in GROUPS:
    app.include_router(group.router)


@logged(request_id)
@measured
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    metrics.add("Requests")
    return app.resolve(event, context)
