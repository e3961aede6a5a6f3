"""The description of the routes about erasing, and of the audit trail."""

from infra.generators.openapi_operation import CURSOR, LIMIT, TIME, Operation, in_path, query
from lambdas.api.audit.service import AuditPage
from lambdas.api.owners.service import ErasedOwner
from lambdas.api.predictions.service import Erased

ACCESS_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("DELETE", "/predictions/{id}"): Operation(
        "erasePrediction",
        "Erase a prediction with its image and all that was made from it",
        {200: Erased},
        (in_path("id"),),
    ),
    ("DELETE", "/owners/{owner}"): Operation(
        "eraseOwner",
        "Erase what an owner has sent, some records at a time",
        {200: ErasedOwner},
        (in_path("owner"),),
    ),
    ("GET", "/audit"): Operation(
        "audit",
        "Changes and who made them, the latest first",
        {200: AuditPage},
        (
            LIMIT,
            CURSOR,
            query("from", "Not before this time (default: a year before `to`)", TIME),
            query("to", "Not after this time (default: now)", TIME),
        ),
    ),
}
