"""From a config to a network, and from a trained network to the one that is exported."""

import copy

from training.config import ModelConfig
from training.errors import TrainingError
from training.models.classifier import Classifier
from training.models.heads import Head, folded, linear_head, mlp_head
from training.models.residual_cnn import ResidualCnn


def build_model(config: ModelConfig, classes: int) -> Classifier:
    """The network of ``config`` with fresh weights and ``classes`` outputs."""
    if config.name != "residual_cnn" or config.weights != "none":
        raise TrainingError(f"{config.name} with weights {config.weights}: not there yet.")
    trunk, features = ResidualCnn(config.widths), config.widths[-1]
    return Classifier(trunk, _head(config, features, classes), mirror=config.mirror)


def _head(config: ModelConfig, features: int, classes: int) -> Head:
    if config.head == "mlp":
        return mlp_head(features, config.hidden, classes, config.dropout)
    return linear_head(features, classes)


def exportable(model: Classifier) -> Classifier:
    """A copy on the CPU in evaluation mode, the head's BatchNorm folded and its Dropout gone."""
    exported = copy.deepcopy(model).cpu().eval()
    exported.head = folded(exported.head)
    return exported
