"""What the routes about datasets take and answer."""

from dataclasses import dataclass
from typing import Any, Literal

from visionflow.costs.instant import InstantForecast
from visionflow.datasets.flow import Proposal
from visionflow.datasets.health import Health
from visionflow.datasets.record import Dataset, DatasetImage, DatasetVersion, Part
from visionflow.datasets.run import InstantRun
from visionflow.models.ref import ModelRef

# Items of one call.
MOST_UPLOADS = 100
MOST_CHANGES = 500
MOST_THUMBNAILS = 50
MOST_LINKS = 50
MOST_PREDICTIONS = 25
MOST_IMAGES = 1000
# Of each list of a diff.
MOST_DIFFERENCES = 2000

ImageFilter = Literal["unlabelled", "suspected", "outlier", "duplicate"]


@dataclass(frozen=True)
class NewDataset:
    """A dataset to create, with the names of its first classes."""

    name: str
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewImage:
    """An image that somebody wants to send.

    ``sha256`` and ``bytes`` are signed: the bucket takes nothing else. ``label`` is one of the
    dataset's classes; ``source`` is ``upload`` or ``push``. ``prediction_id``: the prediction whose
    image this is a copy of, so that erasing that one erases this image too.
    """

    sha256: str
    bytes: int
    content_type: str
    label: str | None = None
    file_name: str | None = None
    source: Literal["upload", "push"] = "upload"
    prediction_id: str | None = None


@dataclass(frozen=True)
class ImageChangeRequest:
    """What to change about an image; what is left out stays. A null ``label`` takes the label away,
    a null ``part`` lets versions choose the part."""

    sha256: str
    label: str | None = None
    removed: bool = False
    part: Part | None = None


@dataclass(frozen=True)
class UploadsRequest:
    """Each item is a `NewImage`; they are read one by one, so that an error names the item."""

    images: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class ChangesRequest:
    """Each item is an `ImageChangeRequest`."""

    changes: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class TakeRequest:
    """Predictions whose images go into the dataset. Without ``label``, each has its feedback's."""

    ids: tuple[str, ...]
    label: str | None = None


@dataclass(frozen=True)
class FreezeRequest:
    """Why, for people."""

    note: str | None = None


@dataclass(frozen=True)
class TrainRequest:
    """``model``: the name of the model to make a version of, by default the dataset's. ``promote``:
    let it serve as soon as it has passed its gate, which needs the scope ``models``. ``version``:
    the number of a version to train on again, by default what the dataset holds now."""

    model: str | None = None
    promote: bool = False
    version: int | None = None


@dataclass(frozen=True)
class DatasetList:
    """All datasets, by name."""

    items: tuple[Dataset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetHealth(Health):
    """What the last comparison of all images found; `Health` is the service's in this API."""


@dataclass(frozen=True)
class DatasetDetails:
    """A dataset, its latest version and its latest training. ``health`` is null until its images
    were compared for the first time, and so is ``forecast``: of training all that are ready.
    ``flow_today``: images that the rule has let in since midnight (UTC). ``proposal`` is null
    before the first training, and where nothing is to be done."""

    dataset: Dataset
    health: DatasetHealth | None
    latest: DatasetVersion | None
    run: InstantRun | None
    forecast: InstantForecast | None
    flow_today: int
    proposal: Proposal | None


@dataclass(frozen=True)
class DatasetDeleted:
    """The dataset is gone with its images; false where there is more of it than one call can
    delete: call again."""

    deleted: bool


@dataclass(frozen=True)
class ImagePage:
    """Images by their hash. A page of a filter may have fewer items than ``limit``; a null
    ``next_cursor`` alone means that nothing follows."""

    items: tuple[DatasetImage, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class ImageDetails:
    """An image, with a short-lived URL of its bytes; null while they have not arrived."""

    image: DatasetImage
    url: str | None


@dataclass(frozen=True)
class Thumbnails:
    """Data URLs by hash; an image without a thumbnail is left out."""

    items: dict[str, str]


@dataclass(frozen=True)
class ImageLinks:
    """Short-lived URLs of images' bytes by hash; an image that is not there is left out."""

    items: dict[str, str]


@dataclass(frozen=True)
class DatasetUpload:
    """How to send an image: ``PUT url`` with these ``headers``, the image as body. The bucket takes
    it once, within 15 minutes; a second one is refused with 412."""

    sha256: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class UploadForms:
    """``known``: hashes of images that the dataset has already, and that need not be sent.
    ``erased``: those that are not let in, as copies of an image that was erased or that the caller
    may not see."""

    known: tuple[str, ...]
    forms: tuple[DatasetUpload, ...]
    erased: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImagesChanged:
    """How many images were changed; those that the dataset does not have are passed over."""

    changed: int


@dataclass(frozen=True)
class PredictionsTaken:
    """``added`` images are new to the dataset and ``known`` were there; of ``missing`` predictions
    there is no record, or none with an image: a device keeps what it does not send."""

    added: int
    known: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class VersionList:
    """All versions, the latest first."""

    items: tuple[DatasetVersion, ...]


@dataclass(frozen=True)
class VersionDetails:
    """A version, a short-lived URL of its manifest (gzipped JSON lines, one for each image), and
    the model versions that it made."""

    version: DatasetVersion
    url: str
    models: tuple[ModelRef, ...]


@dataclass(frozen=True)
class Relabelled:
    """An image whose label is another one in the newer version."""

    sha256: str
    old: str
    new: str


@dataclass(frozen=True)
class DiffCounts:
    """How many images differ, also where a list names fewer."""

    added: int
    removed: int
    relabelled: int


@dataclass(frozen=True)
class VersionDiff:
    """What changed from version ``old`` to version ``new``; each list names the first images by
    their hash."""

    old: int
    new: int
    counts: DiffCounts
    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[Relabelled, ...]


@dataclass(frozen=True)
class RunList:
    """Trainings, newest first."""

    items: tuple[InstantRun, ...]
