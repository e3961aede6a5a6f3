"""A published classifier: the trunk with the head that it was trained with."""

from training.errors import TrainingError
from training.networks.heads import linear_head
from training.networks.network import ConvNet
from training.networks.trunks.zoo import PLANS, published_trunk
from training.networks.weights import find_weights, load_weights


def build_classifier(name: str, weights: str, classes: int) -> ConvNet:
    """The network ``name`` of `training.config.NETWORKS` with trained weights in trunk and head, in
    evaluation mode. Its logits are those of the published network.

    ``weights``: as `find_weights` takes them. Raises `TrainingError` when they cannot be read, are
    of another network or of another number of ``classes``, or when the head of the published
    network has several layers.
    """
    if name not in PLANS:
        raise TrainingError(f"{name} is not a published network; name one of {', '.join(PLANS)}.")
    plan, found = PLANS[name], find_weights(name, weights)
    if plan.head is None and not found.ours:
        raise TrainingError(
            f"{found.where}: the published head of {name} has several layers, and a classifier has "
            "one linear layer on the pooled features. Train a head with the recipe probe, or take "
            "another network."
        )
    model = ConvNet(
        published_trunk(name),
        linear_head(plan.features, classes),
        normalisation=plan.normalisation,
    )
    load_weights(model, name, found, head=True)
    return model.eval()
