"""The description of the routes about datasets."""

from typing import get_args

from infra.generators.operations.operation import (
    CURSOR,
    TEXT,
    Operation,
    Schema,
    in_path,
    json_body,
    query,
)
from lambdas.api.datasets.bodies import (
    MOST_CHANGES,
    MOST_IMAGES,
    MOST_LINKS,
    MOST_PREDICTIONS,
    MOST_THUMBNAILS,
    MOST_UPLOADS,
    DatasetDeleted,
    DatasetDetails,
    DatasetList,
    FreezeRequest,
    ImageChangeRequest,
    ImageDetails,
    ImageFilter,
    ImageLinks,
    ImagePage,
    ImagesChanged,
    NewDataset,
    NewImage,
    PredictionsTaken,
    RunList,
    TakeRequest,
    Thumbnails,
    TrainRequest,
    UploadForms,
    VersionDetails,
    VersionDiff,
    VersionList,
)
from visionflow.datasets.changes import ClassChange
from visionflow.datasets.flow import MOST_PER_DAY, Flow, FlowKind
from visionflow.datasets.record import Dataset, DatasetVersion, ImageState
from visionflow.datasets.run import InstantRun

_NAME = in_path("name")
_NUMBER: Schema = {**in_path("number"), "schema": {"type": "integer", "minimum": 1}}


def _list_of(field: str, cls: type, most: int) -> Schema:
    """A JSON object with a list ``field`` of at most ``most`` objects."""
    items = json_body(cls)["application/json"]
    listed = {"type": "array", "minItems": 1, "maxItems": most, "items": items}
    return {
        "application/json": {
            "type": "object",
            "properties": {field: listed},
            "required": [field],
            "additionalProperties": False,
        }
    }


def _bounded(body: Schema, field: str, most: int) -> Schema:
    """``body`` with at most ``most`` items in its list ``field``."""
    schema = body["application/json"]
    listed = {**schema["properties"][field], "minItems": 1, "maxItems": most}
    return {"application/json": {**schema, "properties": {**schema["properties"], field: listed}}}


_FLOW = _bounded(json_body(Flow), "kinds", len(get_args(FlowKind)))
_FLOW["application/json"]["properties"]["per_day"] |= {"minimum": 1, "maximum": MOST_PER_DAY}

DATASET_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/datasets"): Operation("datasets", "All datasets, by name", {200: DatasetList}),
    ("POST", "/datasets"): Operation(
        "createDataset", "Create an empty dataset", {201: Dataset}, body=json_body(NewDataset)
    ),
    ("GET", "/datasets/{name}"): Operation(
        "dataset",
        "A dataset with its health, its latest version and its latest training",
        {200: DatasetDetails},
        (_NAME,),
    ),
    ("DELETE", "/datasets/{name}"): Operation(
        "deleteDataset",
        "Delete a dataset with its images and versions, unless a model that it made serves",
        {200: DatasetDeleted},
        (_NAME,),
    ),
    ("GET", "/datasets/{name}/images"): Operation(
        "datasetImages",
        "Images of a dataset by their hash, without their content",
        {200: ImagePage},
        (
            _NAME,
            query(
                "limit",
                "Read at most this many images; a filter may leave fewer",
                {"type": "integer", "minimum": 1, "maximum": MOST_IMAGES, "default": MOST_IMAGES},
            ),
            CURSOR,
            query("label", "Only images of this class", TEXT),
            query("state", "Only images in this state", {"enum": list(get_args(ImageState))}),
            query("filter", "Only such images", {"enum": list(get_args(ImageFilter))}),
        ),
    ),
    ("GET", "/datasets/{name}/images/{sha256}"): Operation(
        "datasetImage",
        "One image of a dataset, with a URL of its bytes",
        {200: ImageDetails},
        (_NAME, in_path("sha256")),
    ),
    ("GET", "/datasets/{name}/thumbnails"): Operation(
        "datasetThumbnails",
        f"Thumbnails of at most {MOST_THUMBNAILS} images",
        {200: Thumbnails},
        (
            _NAME,
            query("images", "Hashes of images, with a comma between", TEXT, required=True),
        ),
    ),
    ("GET", "/datasets/{name}/links"): Operation(
        "datasetLinks",
        f"URLs of the bytes of at most {MOST_LINKS} images",
        {200: ImageLinks},
        (
            _NAME,
            query("images", "Hashes of images, with a comma between", TEXT, required=True),
        ),
    ),
    ("POST", "/datasets/{name}/uploads"): Operation(
        "uploadToDataset",
        "Signed requests that send images to a dataset, once each",
        {201: UploadForms},
        (_NAME,),
        _list_of("images", NewImage, MOST_UPLOADS),
    ),
    ("POST", "/datasets/{name}/changes"): Operation(
        "changeDatasetImages",
        "Label, move to a part, remove or restore images; what is left out stays",
        {200: ImagesChanged},
        (_NAME,),
        _list_of("changes", ImageChangeRequest, MOST_CHANGES),
    ),
    ("POST", "/datasets/{name}/classes"): Operation(
        "changeDatasetClass",
        "Add, rename, merge, delete or describe a class",
        {200: Dataset},
        (_NAME,),
        json_body(ClassChange),
    ),
    ("POST", "/datasets/{name}/flow"): Operation(
        "setDatasetFlow",
        "Let records of the history flow into a dataset by a rule, in place of the one before",
        {200: Dataset},
        (_NAME,),
        _FLOW,
    ),
    ("DELETE", "/datasets/{name}/flow"): Operation(
        "clearDatasetFlow", "Let no more records flow into a dataset", {200: Dataset}, (_NAME,)
    ),
    ("POST", "/datasets/{name}/predictions"): Operation(
        "takePredictions",
        "Copy the images of predictions into a dataset",
        {200: PredictionsTaken},
        (_NAME,),
        _bounded(json_body(TakeRequest), "ids", MOST_PREDICTIONS),
    ),
    ("GET", "/datasets/{name}/versions"): Operation(
        "datasetVersions", "Versions of a dataset, the latest first", {200: VersionList}, (_NAME,)
    ),
    ("POST", "/datasets/{name}/versions"): Operation(
        "freezeDataset",
        "Keep what a dataset holds now as a version; the same content gives the same version",
        {201: DatasetVersion},
        (_NAME,),
        json_body(FreezeRequest),
        body_required=False,
    ),
    ("GET", "/datasets/{name}/versions/{number}"): Operation(
        "datasetVersion",
        "A version with a URL of its manifest, and the model versions that it made",
        {200: VersionDetails},
        (_NAME, _NUMBER),
    ),
    ("GET", "/datasets/{name}/versions/{number}/diff"): Operation(
        "datasetDiff",
        "What changed from another version to this one",
        {200: VersionDiff},
        (
            _NAME,
            _NUMBER,
            query(
                "from",
                "The other version (default: the one before)",
                {"type": "integer", "minimum": 1},
            ),
        ),
    ),
    ("POST", "/datasets/{name}/train"): Operation(
        "trainDataset",
        "Train a model on what a dataset holds now, without a machine",
        {202: InstantRun},
        (_NAME,),
        json_body(TrainRequest),
        body_required=False,
    ),
    ("GET", "/datasets/{name}/runs"): Operation(
        "datasetRuns", "Trainings of a dataset, newest first", {200: RunList}, (_NAME,)
    ),
    ("GET", "/datasets/{name}/runs/{id}"): Operation(
        "datasetRun",
        "One training with its steps and its result",
        {200: InstantRun},
        (_NAME, in_path("id")),
    ),
}
