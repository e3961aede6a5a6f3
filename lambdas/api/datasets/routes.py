"""The routes about datasets."""

from datetime import UTC, datetime
from http import HTTPStatus

from lambdas.api.datasets.bodies import (
    MOST_IMAGES,
    ChangesRequest,
    DatasetDeleted,
    DatasetDetails,
    DatasetList,
    FreezeRequest,
    ImageDetails,
    ImageFilter,
    ImageLinks,
    ImagePage,
    ImagesChanged,
    NewDataset,
    PredictionsTaken,
    RunList,
    TakeRequest,
    Thumbnails,
    TrainRequest,
    UploadForms,
    UploadsRequest,
    VersionDetails,
    VersionDiff,
    VersionList,
)
from lambdas.api.datasets.images import ImageQuery
from lambdas.api.datasets.service import DatasetService
from lambdas.api.endpoints import Endpoints, Request
from lambdas.web.http import Response
from lambdas.web.parameters import whole_number
from lambdas.web.resolver import json_response
from visionflow.datasets.changes import ClassChange
from visionflow.datasets.flow import Flow
from visionflow.datasets.record import Dataset, ImageState
from visionflow.datasets.run import InstantRun
from visionflow.errors import DatasetVersionMissingError, MissingFieldError
from visionflow.labels import composed

endpoints = Endpoints(DatasetService.build)


@endpoints.add("GET", "/datasets")
def datasets(service: DatasetService, _request: Request) -> DatasetList:
    return service.list()


@endpoints.add("POST", "/datasets")
def create(service: DatasetService, request: Request) -> Response:
    made = service.create(request.body(NewDataset), request.caller, datetime.now(UTC))
    return json_response(made, HTTPStatus.CREATED)


@endpoints.add("GET", "/datasets/<name>")
def dataset(service: DatasetService, _request: Request, name: str) -> DatasetDetails:
    return service.details(name, datetime.now(UTC))


@endpoints.add("DELETE", "/datasets/<name>")
def delete(service: DatasetService, _request: Request, name: str) -> DatasetDeleted:
    return service.delete(name)


@endpoints.add("GET", "/datasets/<name>/images", "limit", "cursor", "label", "state", "filter")
def images(service: DatasetService, request: Request, name: str) -> ImagePage:
    label = request.text("label")
    query = ImageQuery(
        None if label is None else composed(label),
        request.choice("state", ImageState),
        request.choice("filter", ImageFilter),
    )
    limit = request.limit(MOST_IMAGES, MOST_IMAGES)
    return service.images.page(name, query, limit, request.query.get("cursor"))


@endpoints.add("GET", "/datasets/<name>/images/<sha256>")
def image(service: DatasetService, _request: Request, name: str, sha256: str) -> ImageDetails:
    return service.images.details(name, sha256)


@endpoints.add("GET", "/datasets/<name>/thumbnails", "images")
def thumbnails(service: DatasetService, request: Request, name: str) -> Thumbnails:
    return service.images.thumbnails(name, _hashes(request))


@endpoints.add("GET", "/datasets/<name>/links", "images")
def links(service: DatasetService, request: Request, name: str) -> ImageLinks:
    return service.images.links(name, _hashes(request))


@endpoints.add("POST", "/datasets/<name>/uploads")
def uploads(service: DatasetService, request: Request, name: str) -> UploadForms:
    wanted = request.read(UploadsRequest).images
    forms = service.images.forms(name, wanted, request.caller, datetime.now(UTC))
    request.details.update(forms=len(forms.forms), known=len(forms.known))
    return forms


@endpoints.add("POST", "/datasets/<name>/changes")
def changes(service: DatasetService, request: Request, name: str) -> ImagesChanged:
    wanted = request.read(ChangesRequest).changes
    request.details["changes"] = len(wanted)
    return service.images.change(name, wanted, request.caller)


@endpoints.add("POST", "/datasets/<name>/classes")
def change_class(service: DatasetService, request: Request, name: str) -> Dataset:
    return service.change_class(name, request.body(ClassChange))


@endpoints.add("POST", "/datasets/<name>/flow")
def set_flow(service: DatasetService, request: Request, name: str) -> Dataset:
    return service.set_flow(name, request.body(Flow), request.caller)


@endpoints.add("DELETE", "/datasets/<name>/flow")
def clear_flow(service: DatasetService, request: Request, name: str) -> Dataset:
    return service.set_flow(name, None, request.caller)


@endpoints.add("POST", "/datasets/<name>/predictions")
def take(service: DatasetService, request: Request, name: str) -> PredictionsTaken:
    wanted = request.body(TakeRequest)
    return service.images.take(name, wanted, request.caller, datetime.now(UTC))


@endpoints.add("GET", "/datasets/<name>/versions")
def versions(service: DatasetService, _request: Request, name: str) -> VersionList:
    return service.version_list(name)


@endpoints.add("POST", "/datasets/<name>/versions")
def freeze(service: DatasetService, request: Request, name: str) -> Response:
    note = request.body(FreezeRequest, optional=True).note
    version = service.freeze(name, note, request.caller, datetime.now(UTC))
    request.details["number"] = version.number
    return json_response(version, HTTPStatus.CREATED)


@endpoints.add("GET", "/datasets/<name>/versions/<number>")
def version(service: DatasetService, _request: Request, name: str, number: str) -> VersionDetails:
    return service.version(name, _number(number))


@endpoints.add("GET", "/datasets/<name>/versions/<number>/diff", "from")
def diff(service: DatasetService, request: Request, name: str, number: str) -> VersionDiff:
    return service.diff(name, _number(number), whole_number("from", request.query.get("from")))


@endpoints.add("POST", "/datasets/<name>/train")
def train(service: DatasetService, request: Request, name: str) -> Response:
    wanted = request.body(TrainRequest, optional=True)
    run = service.training.start(name, wanted, request.caller, datetime.now(UTC))
    request.details["id"] = run.id
    return json_response(run, HTTPStatus.ACCEPTED)


@endpoints.add("GET", "/datasets/<name>/runs")
def runs(service: DatasetService, _request: Request, name: str) -> RunList:
    return service.training.list(name)


@endpoints.add("GET", "/datasets/<name>/runs/<run_id>")
def run(service: DatasetService, _request: Request, name: str, run_id: str) -> InstantRun:
    return service.training.get(name, run_id)


def _hashes(request: Request) -> list[str]:
    if not (asked := request.query.get("images")):
        raise MissingFieldError(
            "The parameter images is needed: hashes, with a comma between.", "images"
        )
    return asked.split(",")


def _number(text: str) -> int:
    """Of a version, in the path. Raises `DatasetVersionMissingError` for what cannot be one."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 7):
        raise DatasetVersionMissingError(f"{text!r:.40} is not the number of a version.")
    return int(text)
