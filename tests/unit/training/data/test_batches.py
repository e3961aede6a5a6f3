import multiprocessing
import multiprocessing.util
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.unit.training.conftest import SIDE, shrunken_config
from training.data.batches import TrainBatches, augmented_once
from training.data.listing import list_images
from training.data.upright_images import UprightImageSet, load_upright_images
from training.errors import TrainingError
from training.stop import Interrupted, Stop
from visionflow.images.pipeline import UInt8Array

Batches = list[tuple[Tensor, Tensor]]
UNCHANGED: dict[str, Any] = {
    "augment__crop_padding": 0,
    "augment__horizontal_flip": False,
    "augment__random_erasing": 0.0,
}


@pytest.fixture(scope="module")
def whole(images: Path) -> UprightImageSet:
    """120 images of three classes."""
    return load_upright_images(list_images(images / "train"), SIDE)


def same(first: Batches, second: Batches) -> bool:
    return len(first) == len(second) and all(
        torch.equal(a, b)
        for x, y in zip(first, second, strict=True)
        for a, b in zip(x, y, strict=True)
    )


def no_children_left() -> bool:
    for _ in range(1000):
        if not multiprocessing.active_children():
            return True
        time.sleep(0.05)
    return False


def test_every_other_epoch_shows_the_other_side_of_each_image(whole: UprightImageSet) -> None:
    fields = {**UNCHANGED, "augment__horizontal_flip": True}
    config = shrunken_config(**fields)
    originals = [torch.from_numpy(whole[index]) for index in range(len(whole))]
    first, second, third = (
        torch.cat(list(augmented_once(whole, config, 16, number))) for number in (1, 2, 3)
    )
    mirrored = sum(
        torch.equal(image, original.flip(1))
        for image, original in zip(first, originals, strict=True)
    )
    assert 40 < mirrored < 80
    assert torch.equal(second, first.flip(2)) and torch.equal(third, first)
    batches = TrainBatches(whole, config, 120)
    ((one, _),), ((other, _),) = batches.epoch(1), batches.epoch(2)
    assert {image.numpy().tobytes() for image in one.flip(2)} == {
        image.numpy().tobytes() for image in other
    }


def test_an_epoch_shows_every_image_once(whole: UprightImageSet) -> None:
    batches = list(TrainBatches(whole, shrunken_config(**UNCHANGED), 16).epoch(1))
    assert len(batches) == 7
    seen: dict[bytes, int] = {}
    for images, targets in batches:
        assert images.dtype == torch.uint8 and images.shape == (16, SIDE, SIDE, 3)
        assert targets.dtype == torch.int64
        seen |= {x.numpy().tobytes(): int(y) for x, y in zip(images, targets, strict=True)}
    known = {whole[i].tobytes(): whole.targets[i] for i in range(120)}
    assert len(seen) == 7 * 16
    assert all(known[content] == target for content, target in seen.items())


def test_an_incomplete_batch_is_taken_when_it_is_the_only_one(whole: UprightImageSet) -> None:
    batches = TrainBatches(whole, shrunken_config(), 1000)
    assert batches.steps == 1
    assert len(next(batches.epoch(1))[0]) == 120


def test_the_same_epoch_is_the_same_and_others_are_not(whole: UprightImageSet) -> None:
    batches = TrainBatches(whole, shrunken_config(), 32)
    first = list(batches.epoch(1))
    assert same(first, list(batches.epoch(1)))
    assert not same(first, list(batches.epoch(2)))
    assert not same(first, list(TrainBatches(whole, shrunken_config(seed=4), 32).epoch(1)))


MIXES = [{}, {"augment__mixup": 0.8, "augment__cutmix": 1.0}]


@pytest.mark.parametrize("mix", MIXES)
def test_workers_change_nothing(whole: UprightImageSet, mix: dict[str, float]) -> None:
    inline = TrainBatches(whole, shrunken_config(**mix), 32)
    parallel = TrainBatches(whole, shrunken_config(data__workers=2, **mix), 32)
    for epoch in (1, 2):
        assert same(list(inline.epoch(epoch)), list(parallel.epoch(epoch)))


@pytest.mark.parametrize("mix", MIXES)
def test_processes_share_out_the_batches_of_one(
    whole: UprightImageSet, mix: dict[str, float]
) -> None:
    config = shrunken_config(**mix)
    alone = list(TrainBatches(whole, config, 30).epoch(1))
    shares = [list(TrainBatches(whole, config, 30, rank=r, world=3).epoch(1)) for r in range(3)]
    together = [
        (torch.cat([images for images, _ in slices]), torch.cat([targets for _, targets in slices]))
        for slices in zip(*shares, strict=True)
    ]
    assert same(alone, together)


def test_a_batch_that_cannot_be_shared_out_is_refused(whole: UprightImageSet) -> None:
    with pytest.raises(
        TrainingError, match=r"Batches of 32 .+ 3 processes; choose .+ multiple of 3"
    ):
        TrainBatches(whole, shrunken_config(), 32, rank=0, world=3)


def test_mixed_targets_are_shares_of_classes(whole: UprightImageSet) -> None:
    config = shrunken_config(augment__mixup=1.0)
    for _, targets in TrainBatches(whole, config, 32).epoch(1):
        assert targets.dtype == torch.float32 and targets.shape == (32, 3)
        torch.testing.assert_close(targets.sum(dim=1), torch.ones(32))


def test_the_sampler_shows_every_class_as_often(images: Path) -> None:
    listing = list_images(images / "train")
    uneven = load_upright_images(listing.subset(np.r_[0:40, 40:45, 80:85]), SIDE)
    config = shrunken_config(data__balance="sampler")
    targets = torch.cat([y for _, y in TrainBatches(uneven, config, 48).epoch(1)])
    assert sorted(torch.bincount(targets).tolist()) == [15, 16, 17]


def test_the_generators_of_the_training_process_are_left_alone(whole: UprightImageSet) -> None:
    before = torch.get_rng_state()
    list(TrainBatches(whole, shrunken_config(augment__cutmix=1.0), 32).epoch(1))
    assert torch.equal(before, torch.get_rng_state())


def test_an_epoch_may_be_left_early(whole: UprightImageSet) -> None:
    batches = TrainBatches(whole, shrunken_config(data__workers=2), 8)
    list(islice(batches.epoch(1), 3))
    inline = TrainBatches(whole, shrunken_config(), 8)
    assert same(list(batches.epoch(2)), list(inline.epoch(2)))


def test_workers_live_through_epochs_and_end_with_the_batches(whole: UprightImageSet) -> None:
    batches = TrainBatches(whole, shrunken_config(data__workers=2), 32)
    list(batches.epoch(1))
    first = {child.pid for child in multiprocessing.active_children()}
    list(batches.epoch(2))
    assert {child.pid for child in multiprocessing.active_children()} == first
    assert len(first) == 2
    del batches
    assert no_children_left()


def test_an_exception_ends_the_workers(whole: UprightImageSet) -> None:
    def train() -> None:
        for _ in TrainBatches(whole, shrunken_config(data__workers=2), 8).epoch(1):
            raise ValueError("the loss is not finite")

    with pytest.raises(ValueError, match="not finite"):
        train()
    assert no_children_left()


class LostImages(UprightImageSet):
    """Fails as the loader does when a worker dies between making a batch and handing it over."""

    def __init__(self, images: UprightImageSet) -> None:
        vars(self).update(vars(images))

    def __getitem__(self, index: int) -> UInt8Array:
        raise ConnectionResetError(104, "Connection reset by peer")


def test_a_worker_that_dies_while_it_hands_over_a_batch_is_reported(
    whole: UprightImageSet,
) -> None:
    batches = TrainBatches(LostImages(whole), shrunken_config(), 32)
    with pytest.raises(TrainingError, match=r"prepares images died .*reset by peer"):
        list(batches.epoch(1))


def test_a_worker_that_dies_of_what_ends_the_run_is_no_fault_of_memory(
    whole: UprightImageSet,
) -> None:
    stop = Stop()
    batches = TrainBatches(LostImages(whole), shrunken_config(), 32)
    with pytest.raises(Interrupted), stop.heeded():
        stop.request("told to end")
        list(batches.epoch(1))


class Signalled:
    """Makes each process that is forked while it exists signal itself at its first moment."""

    def __init__(self, number: signal.Signals) -> None:
        multiprocessing.util.register_after_fork(self, lambda _: os.kill(os.getpid(), number))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_ignores_what_is_sent_to_the_whole_group(
    whole: UprightImageSet,
    heeded_ctrl_c: None,
    capfd: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    """From its first moment to its last: the process that started it decides when it ends."""
    batches = TrainBatches(whole, shrunken_config(data__workers=2), 8)
    signalled = Signalled(number)
    made = []
    for batch in batches.epoch(1):
        made.append(batch)
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, number)
    del signalled
    assert same(made, list(TrainBatches(whole, shrunken_config(), 8).epoch(1)))
    for child in multiprocessing.active_children():
        assert child.pid is not None
        os.kill(child.pid, number)
    del batches
    assert no_children_left()
    assert capfd.readouterr().err == ""


def test_ctrl_c_ends_the_workers(whole: UprightImageSet, heeded_ctrl_c: None) -> None:
    def train() -> None:
        for _ in TrainBatches(whole, shrunken_config(data__workers=2), 8).epoch(1):
            # A terminal sends the signal to every process of the group.
            for child in multiprocessing.active_children():
                assert child.pid is not None
                os.kill(child.pid, signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train()
    assert no_children_left()


def test_one_augmented_view_of_each_image_comes_in_its_order(whole: UprightImageSet) -> None:
    plain = shrunken_config(**UNCHANGED)
    batches = list(augmented_once(whole, plain, 50, 0))
    assert [len(batch) for batch in batches] == [50, 50, 20]
    for index, image in enumerate(torch.cat(batches)):
        assert np.array_equal(image, whole[index])


def test_augmented_views_depend_on_seed_and_number_alone(whole: UprightImageSet) -> None:
    def view(number: int, size: int = 50, **fields: Any) -> Tensor:
        return torch.cat(list(augmented_once(whole, shrunken_config(**fields), size, number)))

    assert torch.equal(view(0), view(0, size=7, data__workers=2))
    assert not torch.equal(view(0), view(1))
    assert not torch.equal(view(0), view(0, seed=4))


def test_a_process_ends_while_its_batches_are_in_use(images: Path) -> None:
    """Such as after an error whose traceback holds them."""
    program = f"""
from pathlib import Path
from tests.unit.training.conftest import SIDE, shrunken_config
from training.data.batches import TrainBatches
from training.data.listing import list_images
from training.data.upright_images import load_upright_images

whole = load_upright_images(list_images(Path({str(images / "train")!r})), SIDE)
epoch = TrainBatches(whole, shrunken_config(data__workers=2), 8).epoch(1)
next(epoch)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, capture_output=True)
