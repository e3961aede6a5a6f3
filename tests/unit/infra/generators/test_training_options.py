"""The options of a training job are those of the training package."""

from infra.generators.training_options import INSTANT, document
from training.config import committed_configs
from training.texts.catalogue import texts
from visionflow.strict import to_dict


def test_every_config_is_there_with_its_fields_and_what_they_mean() -> None:
    configs = {config["name"]: config for config in document()["configs"]}
    # One that takes seconds rents no machine.
    assert {*configs} == {*committed_configs()} - {INSTANT}
    assert INSTANT not in document()["recipes"]
    small = configs["cifar10-small"]
    assert small["model"] == "small_cnn"
    assert small["parameters"]["scratch.batch_size"] == {
        "default": 32,
        "choices": None,
        "label": {"en": "Images per step (batch size)", "ko": "배치 크기"},
        "about": {
            "en": "Images per step, over all processes together.",
            "ko": "스텝당 이미지 수이며, 모든 프로세스를 합친 값입니다.",
        },
    }
    assert not [name for name in small["parameters"] if name.startswith("tune.")]


def test_every_text_of_a_config_is_shown() -> None:
    """And every config and field has one, in both languages, or the generator would fail."""
    shown = [
        about
        for config in document()["configs"]
        for about in (config["summary"], *(p["about"] for p in config["parameters"].values()))
    ]
    assert all(about["en"] and about["ko"] for about in shown)
    written = [to_dict(text) for key, text in texts().items() if key.startswith("config.")]
    assert [about for about in written if about not in shown] == []


def test_every_field_has_a_name_of_its_own_in_words() -> None:
    for config in document()["configs"]:
        for language in ("en", "ko"):
            seen: set[tuple[str, str]] = set()
            for field, parameter in config["parameters"].items():
                label = parameter["label"][language]
                section = field.partition(".")[0]
                assert label
                assert label != field
                assert "_" not in label
                assert (section, label) not in seen, field
                seen.add((section, label))
    fields = {key for key in texts() if key.startswith("config.") and "summary" not in key}
    named = {key for key in texts() if key.startswith("fields.") and "phase" not in key}
    assert {key.partition(".")[2] for key in fields} == {key.partition(".")[2] for key in named}
