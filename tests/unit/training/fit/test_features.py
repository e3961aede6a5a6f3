from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.training.fit.conftest import make_config
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.fit.distributed import Process
from training.fit.features import FeatureBatches, FeatureStore, estimate_batch_norm
from training.networks.build import build_model
from training.networks.network import ConvNet

CPU = torch.device("cpu")
ALONE = Process(0, 1, CPU)


def network(seed: int = 1) -> ConvNet:
    torch.manual_seed(seed)
    return build_model(make_config("scratch").model, 3)


def store(folder: Path, seed: int = 1, bfloat16: bool = False) -> FeatureStore:
    return FeatureStore(network(seed).train(), folder, ALONE, bfloat16)


def test_features_are_what_the_trunk_gives_in_evaluation_mode(
    data: TrainingData, tmp_path: Path
) -> None:
    images = data.validation
    features = store(tmp_path).features(images, "v", mirrored=True)
    pixels = torch.from_numpy(images.images)
    model = network().eval()
    with torch.inference_mode():
        for view, expected in enumerate((model.embed(pixels), model.embed(pixels.flip(2)))):
            torch.testing.assert_close(features[:, view], expected)
    alone = store(tmp_path).features(images, "v", mirrored=False)
    assert alone.shape == features[:, :1].shape


def test_bfloat16_is_close(data: TrainingData, tmp_path: Path) -> None:
    exact = store(tmp_path).features(data.validation, "v", mirrored=False)
    fast = store(tmp_path, bfloat16=True).features(data.validation, "v", mirrored=False)
    assert fast.dtype == torch.float32
    assert not torch.equal(fast, exact)
    torch.testing.assert_close(fast, exact, rtol=0.05, atol=0.02)


def test_they_are_computed_once_for_the_same_trunk_and_images(
    data: TrainingData, tmp_path: Path
) -> None:
    store(tmp_path).features(data.validation, "v", mirrored=False)
    (file,) = tmp_path.glob("*.features")
    marked = np.full(file.stat().st_size // 4, 7, np.float32)
    file.write_bytes(marked.tobytes())
    again = store(tmp_path).features(data.validation, "v", mirrored=False)
    assert (again == 7).all()
    darker = network().train()
    darker.mean += 1
    for other in (
        FeatureStore(darker, tmp_path, ALONE, False).features(data.validation, "v", mirrored=False),
        store(tmp_path, seed=2).features(data.validation, "v", mirrored=False),
        store(tmp_path).features(data.validation, "other images", mirrored=False),
        store(tmp_path).features(data.validation, "v", mirrored=True),
        store(tmp_path, bfloat16=True).features(data.validation, "v", mirrored=False),
    ):
        assert not (other == 7).any()


def test_augmented_views_are_kept_for_the_same_augmentation(
    data: TrainingData, tmp_path: Path
) -> None:
    images = data.train_upright_images

    def augmented(views: int, **fields: object) -> torch.Tensor:
        return store(tmp_path).augmented(images, "t", make_config("probe", **fields), views)

    first = augmented(1)
    assert first.shape[:2] == (len(images), 1)
    (file,) = tmp_path.glob("*.features")
    file.write_bytes(np.full(file.stat().st_size // 4, 7, np.float32).tobytes())
    # A further view is computed beside those that are there.
    both = augmented(2)
    assert (both[:, 0] == 7).all() and not (both[:, 1] == 7).any()
    for fields in ({"seed": 4}, {"augment__random_erasing": 0.9}):
        assert not (augmented(1, **fields) == 7).any()


def test_a_full_disk_is_told(data: TrainingData, tmp_path: Path) -> None:
    store(tmp_path).features(data.validation, "v", mirrored=False)
    (file,) = tmp_path.glob("*.features")
    file.unlink()
    file.with_name(f"{file.name}.partial").symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=f"{tmp_path}: the disk is full"):
        store(tmp_path).features(data.validation, "v", mirrored=False)
    assert not list(tmp_path.glob("*.features*"))


def test_batch_norm_begins_with_the_features_own_estimates() -> None:
    head = network().head
    width = len(head.state_dict()["0.weight"])
    features = torch.randn(50, 2, width) * 3 + 5
    estimate_batch_norm(head, features)
    normed = head[0].eval()(features.flatten(end_dim=1))
    torch.testing.assert_close(normed.mean(dim=0), torch.zeros(width), atol=1e-4, rtol=0)
    torch.testing.assert_close(normed.std(dim=0), torch.ones(width), atol=1e-3, rtol=0)


FEATURES = torch.arange(40.0).reshape(20, 2, 1)
TARGETS = np.array([0] * 16 + [1] * 4)


def batches(size: int, process: Process = ALONE, balance: str = "none") -> FeatureBatches:
    config = make_config("probe", data__balance=balance)
    return FeatureBatches(FEATURES, TARGETS, config, size, process)


def test_an_epoch_shows_every_image_once_in_one_of_its_views() -> None:
    epochs = [list(batches(5).epoch(number)) for number in (1, 2)]
    values = [torch.cat([inputs for inputs, _ in epoch]).flatten() for epoch in epochs]
    for epoch, seen in zip(epochs, values, strict=True):
        assert len(epoch) == batches(5).steps == 4
        assert sorted((seen // 2).tolist()) == list(range(20))
        assert {0.0, 1.0} == set((seen % 2).tolist())
        targets = torch.cat([targets for _, targets in epoch])
        assert targets.tolist() == TARGETS[(seen // 2).long()].tolist()
    assert not torch.equal(*values)
    again = torch.cat([inputs for inputs, _ in batches(5).epoch(1)]).flatten()
    assert torch.equal(again, values[0])


def test_an_incomplete_batch_is_dropped_unless_it_is_the_only_one() -> None:
    assert [len(targets) for _, targets in batches(8).epoch(1)] == [8, 8]
    assert [len(targets) for _, targets in batches(64).epoch(1)] == [20]


def test_processes_share_every_batch() -> None:
    alone = list(batches(6).epoch(1))
    parts = [list(batches(6, Process(rank, 2, CPU)).epoch(1)) for rank in range(2)]
    for (inputs, _), (first, _), (second, _) in zip(alone, *parts, strict=True):
        assert torch.equal(inputs, torch.cat([first, second]))
        assert len(first) == len(second) == 3


def test_the_sampler_draws_every_class_as_often() -> None:
    targets = torch.cat([targets for _, targets in batches(10, balance="sampler").epoch(1)])
    assert targets.bincount().tolist() == [10, 10]
