"""The description of the route that takes what devices answered, and of what they send with an
image."""

from infra.generators.operations.operation import Operation, Schema
from lambdas.api.devices.service import MOST_RECORDS, RecordsTaken
from visionflow.predictions.device import DeviceRecord, DeviceResult

# What bodies refer to, beside what is answered.
DEVICE_BODIES = (DeviceRecord, DeviceResult)


def _of(cls: type) -> Schema:
    return {"$ref": f"#/components/schemas/{cls.__name__}"}


DEVICE_FIELD: Schema = _of(DeviceResult)
DEVICE_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/predictions"): Operation(
        "recordPredictions",
        "Record what a device answered to images that stay there, each once",
        {200: RecordsTaken},
        body={
            "application/json": {
                "type": "object",
                "properties": {
                    "records": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": MOST_RECORDS,
                        "items": _of(DeviceRecord),
                    }
                },
                "required": ["records"],
                "additionalProperties": False,
            }
        },
    ),
}
