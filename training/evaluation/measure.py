"""An artifact measured as it serves: through the image path and the classifier of the Lambdas."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.folders.classes import class_labels
from training.data.folders.parts import find_parts
from training.data.folders.walk import class_folders, image_folders
from training.data.image_set import ImageSet, decoded_batches, in_batches
from training.data.listing import Int64Array, Listing, list_images
from training.data.own_images import read_own_images
from training.data.parents import nested_parents, parents_of, require_same_nesting
from training.data.split import SPLIT_FILE, list_parts
from training.errors import DatasetError
from training.evaluation.metrics import evaluate
from training.evaluation.outputs import outputs_of
from training.evaluation.parents.levels import measure_levels
from training.evaluation.unknown.familiar import read_familiar
from training.evaluation.unknown.prediction_sets import set_coverages
from training.evaluation.unknown.thresholds import Decisions
from training.results.unknown import FolderScores, KnownToRun
from visionflow import strict
from visionflow.answers.answer import UnknownReason
from visionflow.answers.back_off import BackOff
from visionflow.answers.classifier import Classifier, FloatArray, softmax, unknown_reasons
from visionflow.answers.familiarity import FamiliarImages
from visionflow.labels import composed
from visionflow.models.label_tree import LabelTree
from visionflow.models.manifest import Manifest, read_artifact
from visionflow.part_names import parts_of

EMBEDDINGS = 800


@dataclass(frozen=True, eq=False)
class Measured:
    """A model's answers to a set of N images.

    Embeddings are kept of at most `EMBEDDINGS` images: ``embeddings`` [M, F] of the images
    ``sample`` [M]. Maps are not kept; `explain_answers` computes those of a few images again.
    ``familiarity``: [N], None where the model has no familiar images.
    """

    logits: FloatArray
    sample: Int64Array
    embeddings: FloatArray
    familiarity: FloatArray | None

    def probabilities(self, temperature: float) -> FloatArray:
        """[N, C]."""
        return softmax(self.logits / np.float32(temperature))


def measure_split(
    classifier: Classifier,
    image_set: ImageSet,
    seed: int = 0,
    familiar: FamiliarImages | None = None,
) -> Measured:
    """Run every image once. ``seed`` draws the images whose embedding is kept."""
    order = np.random.default_rng(seed).permutation(len(image_set))
    sample = np.sort(order[:EMBEDDINGS])
    logits, embeddings, familiarity = [], [], []
    start = 0
    for batch_logits, batch_embeddings, _ in outputs_of(classifier, in_batches(image_set.images)):
        logits.append(batch_logits)
        if familiar is not None:
            answers = batch_logits.argmax(axis=1)
            familiarity.append(familiar.familiarity(batch_embeddings, answers))
        inside = sample[(sample >= start) & (sample < start + len(batch_logits))]
        embeddings.append(batch_embeddings[inside - start])
        start += len(batch_logits)
    return Measured(
        np.concatenate(logits),
        sample,
        np.concatenate(embeddings),
        np.concatenate(familiarity) if familiarity else None,
    )


def measure_folder(artifact: str | Path, images: str | Path) -> FolderScores:
    """Verify an artifact's checksums and score it on a folder of class folders of any size.

    The folder may lack some of the model's labels; `Evaluation.unmeasured` names them. Class
    folders may lie in folders of their parents. Raises `DatasetError` for a class folder that is
    not one of the model's labels.
    """
    artifact, images = Path(artifact), Path(images)
    manifest = read_artifact(artifact)
    tree = manifest.label_tree()
    nested = _nested_folders(images, tree)
    _require_known_classes(images, nested or class_folders(images), manifest.label_names)
    listing = list_images(images, manifest.label_names, nested=nested)
    return _measure(artifact, manifest, listing)


def measure_part(artifact: str | Path, part: str, dataset: str | Path) -> FolderScores:
    """Verify an artifact's checksums and score it on ``part`` of the images that it was made of,
    which lie in the folder ``dataset``; groups of images count as in the run's own report.

    Raises `DatasetError` where the artifact does not say which these are, and where one of them is
    missing or changed.
    """
    artifact, dataset = Path(artifact), Path(dataset)
    manifest = read_artifact(artifact)
    own = read_own_images(artifact)
    if own is None:
        raise DatasetError(f"{artifact}: there is no {SPLIT_FILE}, which says what its images are")
    wanted = own.parts[part]
    rules = manifest.config.get("data", {})
    above = None
    if rules.get("parents") == "auto" and rules.get("group_by") != "folder":
        above = nested_parents(find_parts(dataset)["train"])
    found = list_parts(dataset, (), above, manifest.label_names, skip_unreadable=True)
    listing = found.get("train" if part in own.carved else part, found["train"])
    there = dict(zip(listing.files, listing.hashes, strict=True))
    missing = [name for name, sha256 in wanted.files.items() if there.get(name) != sha256]
    if missing:
        raise DatasetError(
            f"{dataset}: {len(missing):,} of {len(wanted.files):,} images of the part {part} are "
            f"missing or changed, such as {missing[0]}; name the folder that {artifact} was made of"
        )
    chosen = np.array([i for i, name in enumerate(listing.files) if name in wanted.files])
    groups = dict(zip(wanted.files, wanted.groups, strict=True))
    numbers = np.array([groups[listing.files[i]] for i in chosen], np.int64)
    return _measure(artifact, manifest, listing.subset(chosen), numbers)


def _measure(
    artifact: Path, manifest: Manifest, listing: Listing, groups: Int64Array | None = None
) -> FolderScores:
    tree = manifest.label_tree()
    classifier = Classifier(artifact / manifest.served_file.path, manifest)
    familiar = read_familiar(artifact, manifest)
    back_off = BackOff(tree)
    batches, reasons = [], list[UnknownReason | None]()
    for images_of_batch in decoded_batches(listing, manifest.input):
        logits, embeddings, _ = classifier.run(images_of_batch)
        found = softmax(logits / np.float32(manifest.temperature))
        familiarity = None
        if familiar is not None:
            familiarity = familiar.familiarity(embeddings, found.argmax(axis=1))
        named = back_off.name(found, manifest.unknown_threshold)
        reasons += unknown_reasons(manifest, named.confidences, familiarity, images_of_batch)
        batches.append(found)
    probabilities, decisions = np.concatenate(batches), Decisions.of(reasons)
    targets, labels = listing.targets, manifest.label_names
    return strict.extended(
        FolderScores,
        evaluate(probabilities, targets, labels, decisions.answered, groups),
        unsure=float(decisions.unsure.mean()),
        unfamiliar=float(decisions.unfamiliar.mean()),
        prediction_sets=set_coverages(probabilities, targets, manifest.conformity, groups),
        levels=measure_levels(
            tree,
            probabilities,
            targets,
            manifest.unknown_threshold,
            ~decisions.unfamiliar,
            groups,
        ),
        known_to_run=_known_to_run(artifact, listing),
    )


def _known_to_run(artifact: Path, listing: Listing) -> KnownToRun | None:
    own = read_own_images(artifact)
    if own is None:
        return None
    return KnownToRun(
        **{
            name: sum(sha256 in part.contents for sha256 in listing.hashes)
            for name, part in own.parts.items()
        }
    )


def _nested_folders(images: Path, tree: LabelTree) -> list[Path] | None:
    """The class folders, where these lie in folders of their parents."""
    parents = {parent.name for parent in tree.parents}
    if not any(composed(entry.name) in parents for entry in class_folders(images)):
        return None
    labels = [label.name for label in tree.labels]
    require_same_nesting(images, parents_of(tree), labels)
    return image_folders(images)


def _require_known_classes(images: Path, folders: Sequence[Path], labels: tuple[str, ...]) -> None:
    unknown = [label for label in class_labels(folders) if label not in labels]
    if parts := parts_of(unknown):
        part = images / next((name for name, part in parts.items() if part == "test"), unknown[0])
        raise DatasetError(f"{images} is divided into parts; measure on one of them, say {part}")
    if unknown:
        raise DatasetError(
            f"{images}: the model has no class {', '.join(unknown)}, only {', '.join(labels)}; "
            "rename the folder or move it elsewhere"
        )
