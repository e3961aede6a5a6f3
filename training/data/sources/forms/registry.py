"""All forms of labelled images, and which one something is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from training.data.folders.classes import classes_in
from training.data.folders.parts import around, dataset_root, find_parts, hint
from training.data.folders.walk import class_folders, image_folders
from training.data.parents import nested_parents
from training.data.sources.forms import (
    coco,
    custom_vision,
    ground_truth,
    label_studio,
    label_table,
    one_hot,
)
from training.data.sources.forms.archives import is_archive, unpack
from training.data.sources.forms.documents import SUFFIXES, read_document
from training.data.sources.forms.entry import Document, Entry, Form, LabelledFile, Reading
from training.data.sources.forms.references import Files
from training.errors import DatasetError
from visionflow.junk import junk_kind
from visionflow.labels import composed, label_problem

FORMS: tuple[Form, ...] = (
    ground_truth.FORM,
    label_studio.FORM,
    custom_vision.FORM,
    coco.FORM,
    one_hot.FORM,
    # Any table: last.
    label_table.FORM,
)
"""Documents, in the order in which they are tried."""

_IN_PARTS = (one_hot.FILE_NAME, coco.FILE_NAME)
_NAMED = 5


def read_source(source: Path, work: Path) -> Reading:
    """The images of ``source``, in the order of their paths or rows. ``work``: an empty folder that
    an archive is unpacked into.

    Raises `DatasetError` for what is none of the forms, has no images, or labels that cannot be.
    """
    if source.is_dir():
        found = _folder(source)
    elif source.is_file() and is_archive(source):
        left_out = unpack(source, work)
        found = _folder(work)
        found = replace(found, notes=(*left_out.sentences(Path()), *found.notes))
    elif source.is_file() and source.suffix.lower() in SUFFIXES:
        found = _document(source)
    else:
        forms = "; ".join(form.name for form in FORMS)
        raise DatasetError(
            f"{source}: not there, or not a form that can be read. Name a folder of class folders, "
            f"a .zip or .tar of one, or one of these: {forms}"
        )
    if not found.images:
        raise DatasetError(f"{source}: has no images; expected {source.name}/<class>/<image>")
    for label in {image.label: None for image in found.images if image.label is not None}:
        if problem := label_problem(label):
            raise DatasetError(f"{source}: the class {label!r:.80} {problem}; rename it")
    return found


def documents_in(folder: Path) -> list[Path]:
    """What says the labels of the images in ``folder``, where its folders do not: the documents of
    each part, or the only one at its top."""
    root = dataset_root(folder)
    beside = [place / name for place in (root, *class_folders(root)) for name in _IN_PARTS]
    if in_parts := [path for path in beside if path.is_file()]:
        return in_parts
    listed = [path for path in sorted(root.iterdir()) if path.suffix.lower() in SUFFIXES]
    found = [path for path in listed if not junk_kind(path.name)]
    # A folder of classes needs none, and is not walked where there is none.
    if not found or _has_classes(root):
        return []
    documents = [path for path in found if _is_document(path)]
    # Beside the class folders of an export lie its tables.
    return documents if len(documents) == 1 or not _has_classes(root, 1) else []


def _has_classes(root: Path, least: int = 2) -> bool:
    """Whether images lie in folders of at least so many classes, or in parts."""
    try:
        parts = find_parts(root)
    except DatasetError:
        return True
    classes = {
        label for path in parts.values() for label, files in classes_in(path).files.items() if files
    }
    return len(classes) >= least or list(parts.values()) != [root]


def _is_document(path: Path) -> bool:
    try:
        document = read_document(path)
        form = _form(document)
        return form is not None and any(True for _ in form.entries(document))
    except DatasetError:
        return False


def _folder(folder: Path) -> Reading:
    documents = documents_in(folder)
    if len(documents) > 1 and any(path.name not in _IN_PARTS for path in documents):
        names = ", ".join(path.name for path in documents)
        raise DatasetError(f"{folder}: {names} may all be its labels; name the one that is")
    if documents:
        readings = [_document(path) for path in documents]
        images = [image for reading in readings for image in reading.images]
        return Reading(tuple(images), tuple(n for reading in readings for n in reading.notes))
    return _class_folders(folder)


def _class_folders(folder: Path) -> Reading:
    parts = find_parts(folder)
    left_out = around(folder, parts.values())
    nested = nested_parents(parts["train"]) is not None
    images: list[LabelledFile] = []
    root = dataset_root(folder)
    divided = list(parts.values()) != [root]
    for part, path in parts.items():
        found = classes_in(path, image_folders(path) if nested else None)
        found.require_sound()
        images += [
            LabelledFile(file, label, part if divided else None)
            for label, files in sorted(found.files.items())
            for file in files
        ]
        images += [LabelledFile(f, None, part if divided else None) for f in found.left_out.outside]
        left_out += found.left_out
    if images and all(image.label is None for image in images) and (better := hint(folder)):
        raise DatasetError(f"{folder}: no images in class folders{better}")
    # Those are counted as images without a label.
    said = replace(left_out, outside=())
    return Reading(tuple(images), tuple(said.sentences(folder)))


def _form(document: Document) -> Form | None:
    return next((form for form in FORMS if form.takes(document)), None)


def _document(path: Path) -> Reading:
    document = read_document(path)
    form = _form(document)
    if form is None:
        raise DatasetError(
            f"{path}: none of the forms that can be read: {'; '.join(f.name for f in FORMS)}"
        )
    try:
        entries = list(form.entries(document))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DatasetError(f"{path}: looks like {form.name}, and is not ({error!r})") from error
    several = [entry for entry in entries if len({*map(composed, entry.labels)}) > 1]
    images, missing = [], []
    files = Files(path)
    for entry in entries:
        if entry in several:
            continue
        find = files.exactly if form.exact else files.meant
        try:
            file = find(entry.reference, entry.where)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise DatasetError(
                f"{entry.where}: {entry.reference!r:.80} cannot be the name of a file ({why})"
            ) from error
        if file:
            label = composed(entry.labels[0].strip()) if entry.labels else ""
            images.append(LabelledFile(file, label or None, entry.part))
        else:
            missing.append(entry)
    if missing:
        more = f" (and {len(missing) - 1:,} more)" if len(missing) > 1 else ""
        raise DatasetError(
            f"{missing[0].where}: there is no file {_place(path, missing[0], form)}{more}"
        )
    return Reading(tuple(images), tuple(_several(several)))


def _place(path: Path, entry: Entry, form: Form) -> str:
    if form.exact:
        return str(path.parent / entry.reference)
    return (
        f"for {entry.reference:.200} below {path.parent}; download the images there, under the "
        "names at the end of their addresses"
    )


def _several(entries: list[Entry]) -> Iterator[str]:
    if entries:
        named = "; ".join(
            f"{entry.reference} ({', '.join(entry.labels)})" for entry in entries[:_NAMED]
        )
        more = f" and {len(entries) - _NAMED:,} more" if len(entries) > _NAMED else ""
        yield f"{len(entries):,} images have several labels and were left out: {named}{more}."
