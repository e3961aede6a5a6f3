from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from training.data.image_set import ImageSet
from training.data.training_data import TrainingData
from training.fit import validation
from training.fit.distributed import Process
from training.fit.frozen_maps import FrozenMaps
from training.fit.validation import score_images
from training.networks.heads import linear_head
from training.networks.network import ConvNet

ALONE = Process(0, 1, torch.device("cpu"))
STAGES = ("wide", "low", "middle", "top")


@pytest.fixture
def images(data: TrainingData, monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    # Three batches, the last one smaller.
    monkeypatch.setattr(validation, "BATCH_PIXELS", 16 * 16 * 13)
    return data.validation


class Watched:
    """A network that notes which of its stages an image passed through."""

    def __init__(self) -> None:
        torch.manual_seed(1)
        trunk = OrderedDict(
            wide=nn.Conv2d(3, 8, 3, padding=1),
            low=nn.Sequential(nn.Conv2d(8, 8, 4, stride=4), nn.BatchNorm2d(8)),
            middle=nn.Conv2d(8, 8, 1),
            top=nn.Conv2d(8, 8, 1),
        )
        self.model = ConvNet(nn.Sequential(trunk), linear_head(8, 3))
        self._passed: set[nn.Module] = set()
        for stage in self.model.trunk.children():
            stage.register_forward_hook(self._note)

    def _note(self, stage: nn.Module, _inputs: object, _output: Tensor) -> None:
        self._passed.add(stage)

    def computed(self, images: ImageSet, known: FrozenMaps) -> tuple[str, ...]:
        """The stages that ran; the score is what it is without ``known``, to the last bit."""
        expected = score_images(self.model, images, ALONE)
        self._passed.clear()
        assert score_images(self.model, images, ALONE, known) == expected
        stages = self.model.trunk.named_children()
        return tuple(name for name, stage in stages if stage in self._passed)

    def change(self, stage: str) -> None:
        for value in self.model.trunk.get_submodule(stage).state_dict().values():
            value.add_(1)


def test_images_pass_a_frozen_stage_once(images: ImageSet) -> None:
    network, known = Watched(), FrozenMaps()
    known.stages = 3
    assert network.computed(images, known) == STAGES
    network.change("top")
    assert network.computed(images, known) == ("top",)
    # The next one is thawed, as it is from epoch to epoch.
    network.change("middle")
    assert network.computed(images, known) == ("middle", "top")
    assert network.computed(images, known) == ("middle", "top")


@pytest.mark.parametrize("stage", ["wide", "low"])
def test_a_stage_that_changed_is_computed_again(images: ImageSet, stage: str) -> None:
    network, known = Watched(), FrozenMaps()
    known.stages = 3
    network.computed(images, known)
    network.change(stage)
    assert network.computed(images, known) == STAGES
    assert network.computed(images, known) == ("top",)


def test_no_map_is_kept_of_what_will_change(images: ImageSet) -> None:
    network, known = Watched(), FrozenMaps()
    for _ in range(2):
        assert network.computed(images, known) == STAGES


@pytest.mark.parametrize(("most", "kept"), [(10**6, True), (1000, False)])
def test_maps_take_a_bounded_memory(images: ImageSet, most: int, kept: bool) -> None:
    network, known = Watched(), FrozenMaps(most)
    # Larger than its image: not kept, whatever room there is.
    known.stages = 1
    network.computed(images, known)
    assert network.computed(images, known) == STAGES
    known.stages = 2
    network.computed(images, known)
    assert (network.computed(images, known) != STAGES) == kept
