"""The options of a training job are those of the training package."""

from infra.generators.training_options import document
from training.config import committed_configs


def test_every_config_is_there_with_its_fields_and_what_they_mean() -> None:
    configs = {config["name"]: config for config in document()["configs"]}
    assert tuple(configs) == committed_configs()
    small = configs["cifar10-small"]
    assert small["model"] == "small_cnn"
    assert small["parameters"]["scratch.batch_size"] == {
        "default": 32,
        "about": "Over all processes together.",
    }
    assert not [name for name in small["parameters"] if name.startswith("tune.")]
    assert all(config["summary"] for config in configs.values())
