"""The errors of training; their text is for the person who started it."""

from visionflow.errors import VisionFlowError


class TrainingError(VisionFlowError):
    """A run cannot continue: a loss that is not finite, a checkpoint of another run."""

    code = "training_failed"
    title = "Training failed"


class DatasetError(TrainingError):
    """Images that cannot be trained on: no classes, an empty class, an unreadable file."""

    code = "invalid_dataset"
    title = "Invalid dataset"


class DivergedError(TrainingError):
    """The loss stopped being finite: these settings do not train."""

    code = "diverged"
    title = "Training diverged"
