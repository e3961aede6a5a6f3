import argparse
import json

import pytest

from training.cli.options import add_json, add_set, answer, fields_set
from visionflow.errors import ConfigError


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_json(parser)
    add_set(parser)
    return parser.parse_args(arguments)


def test_fields_are_set_to_toml_values_and_a_bare_word_is_a_string() -> None:
    given = ("--set=a.epochs=3", "--set", "b = [0.5, 1]", "--set", "c=sgd", "--set", 'd="x=y"')
    assert fields_set(parsed(*given)) == {"a.epochs": 3, "b": [0.5, 1], "c": "sgd", "d": "x=y"}


def test_a_field_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="--set epochs: expected FIELD=VALUE"):
        fields_set(parsed("--set", "epochs"))


def test_an_answer_is_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    answer(parsed("--json"), {"label": "꽃"}, lambda: print("text"))
    assert json.loads(capsys.readouterr().out) == {"label": "꽃"}
    answer(parsed(), {"label": "꽃"}, lambda: print("text"))
    assert capsys.readouterr().out == "text\n"


@pytest.mark.parametrize(
    ("data", "printed"),
    [({"a": 1}, {"a": 1}), ([{"a": 1}], {"items": [{"a": 1}]}), ((), {"items": []})],
)
def test_json_is_one_object_on_one_line(
    data: object, printed: object, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(argparse.Namespace(json=True), data, lambda: None)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == printed
