"""Lambda entry point of every route but POST /predict, and of every path that does not exist."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.api.about.routes import endpoints as about
from lambdas.api.audit.routes import endpoints as audit
from lambdas.api.costs.routes import endpoints as costs
from lambdas.api.datasets.routes import endpoints as datasets
from lambdas.api.feedback.routes import endpoints as feedback
from lambdas.api.keys.routes import endpoints as keys
from lambdas.api.me.routes import endpoints as me
from lambdas.api.models.routes import endpoints as models
from lambdas.api.owners.routes import endpoints as owners
from lambdas.api.predictions.routes import endpoints as predictions
from lambdas.api.stats.routes import endpoints as stats
from lambdas.api.training_jobs.routes import endpoints as training_jobs
from lambdas.api.uploads.routes import endpoints as uploads
from lambdas.telemetry.trail import traced
from lambdas.web.resolver import create_resolver

GROUPS = (
    *(about, predictions, uploads, models, feedback, stats, costs, training_jobs),
    *(owners, audit, me, keys, datasets),
)

logger = Logger()
metrics = Metrics()
app = create_resolver()
for group in GROUPS:
    app.include_router(group.router)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@traced
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    return app.resolve(event, context)
