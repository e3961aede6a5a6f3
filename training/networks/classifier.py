"""A published classifier: the network with the head that it was trained with."""

from training.config import TIMM
from training.errors import TrainingError
from training.networks.backbone import backbone
from training.networks.heads import Head, linear_head
from training.networks.network import ConvNet
from training.networks.trunks.zoo import PLANS
from training.networks.weights import find_weights, load_weights, require_timm

_USUAL_SIDE = 224


def published_side(name: str) -> int:
    """The side in pixels of the images that a published network is measured on.

    Raises `TrainingError` for a name that timm does not know.
    """
    if not name.startswith(TIMM):
        return _USUAL_SIDE
    require_timm()
    from training.networks.trunks import timm_networks  # noqa: PLC0415

    return timm_networks.published_side(name.removeprefix(TIMM)) or _USUAL_SIDE


def build_classifier(name: str, weights: str, classes: int, size: int | None = None) -> ConvNet:
    """The published network ``name`` with trained weights in trunk and head, in evaluation mode.
    Its logits are those of the published network.

    ``name``: a network of `training.config.NETWORKS`, or ``timm:`` and one of timm, whose tag tells
    which pixels the weights expect (``timm:vit_tiny_patch16_224.augreg_in21k``). ``weights``: as
    `find_weights` takes them. ``size``: the side of its images in pixels, on which vision
    transformers depend; without one, that of their published weights. Raises `TrainingError` when
    the weights cannot be read, are of another network or of another number of ``classes``, or when
    the head of the published network has several layers.
    """
    if name not in PLANS and not name.startswith(TIMM):
        raise TrainingError(
            f"{name} is not a published network; name timm:NAME or one of {', '.join(PLANS)}."
        )
    found = find_weights(name, weights)
    if name in PLANS and PLANS[name].head is None and not found.ours:
        raise TrainingError(
            f"{found.where}: the published head of {name} has several layers, and a classifier has "
            "one linear layer on the pooled features. Train a head with the recipe probe, or take "
            "another network."
        )
    base = backbone(name, classes, size=size, weights=found, published_head=True)
    if base.filled and base.classifier is not None:
        return base.with_head(Head(base.classifier)).eval()
    model = base.with_head(linear_head(base.features, classes))
    load_weights(model, name, found, head=True)
    return model.eval()
