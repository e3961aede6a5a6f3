"""What is known of a dataset, its images and its versions."""

from dataclasses import dataclass
from typing import Literal

from visionflow.datasets.flow import Flow

ImageState = Literal["pending", "ready", "unreadable"]
"""``pending``: announced, or arrived and not yet looked at. ``unreadable``: it cannot be decoded;
`DatasetImage.error` says why."""

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetClass:
    """A class of a dataset. ``name`` is the label that models answer with; ``ko`` and ``en`` are
    how people read it, None for the name itself."""

    name: str
    ko: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """``revision`` rises with each change of classes. ``flow``: the rule by which records flow in,
    None without one."""

    name: str
    created_at: str
    created_by: str
    classes: tuple[DatasetClass, ...] = ()
    revision: int = 0
    flow: Flow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetImage:
    """An image of a dataset, known by the SHA-256 of its bytes.

    Attributes:
        sha256: 64 hexadecimal digits; also the last part of its key in the bucket.
        label: the name of a class; None where nobody has said what it shows.
        labelled_by: who gave the label, as `Caller.name`.
        group: images of one group show the same thing and stay in one part: the ``sha256`` of the
            group's first image. None until it was compared.
        source: where it came from: ``upload``, ``drop``, ``push`` or ``prediction:ID``.
        file_name: what it was called there, if anything.
        width, height: upright, in pixels.
        suspected: the class that a model of the other images would rather give it.
        outlier: whether it is unlike all others of its class.
        error: a code and a sentence, where it is unreadable.
        removed: out of the dataset; its content stays, for versions that hold it.
    """

    sha256: str
    state: ImageState
    added_at: str
    added_by: str
    source: str
    bytes: int
    file_name: str | None = None
    label: str | None = None
    labelled_by: str | None = None
    part: Part | None = None
    group: str | None = None
    width: int | None = None
    height: int | None = None
    suspected: str | None = None
    outlier: bool = False
    error: tuple[str, str] | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersion:
    """What a dataset held at one time; never changed.

    Attributes:
        number: 1, 2, ...
        sha256: of its manifest, a file of JSON lines with one `VersionImage` each, by ``sha256``.
        images, classes: how many labelled images of how many classes it holds.
    """

    dataset: str
    number: int
    created_at: str
    created_by: str
    sha256: str
    images: int
    classes: tuple[str, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionImage:
    """A line of a version's manifest; the fields as of `DatasetImage`."""

    sha256: str
    label: str
    part: Part | None
    group: str | None
    source: str
    added_by: str
    added_at: str
