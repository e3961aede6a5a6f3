"""What a training job can be asked for is what the training package knows."""

from infra.generators.training_options import document, text
from training.config import committed_configs
from visionflow.jobs.options import OPTIONS_FILE


def test_the_committed_file_is_up_to_date() -> None:
    assert OPTIONS_FILE.read_text(encoding="utf-8") == text(), (
        "run python -m infra.generators.training_options"
    )


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
