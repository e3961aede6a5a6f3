"""Choices of a config that each are right, and contradict each other."""

from training.config.experiment import TrainConfig
from visionflow.errors import ConfigError


def check_recipe(config: TrainConfig) -> None:
    """Raise `ConfigError` for choices that do not go together, before any time is spent."""
    if config.recipe == "instant":
        raise ConfigError(
            "config: the recipe instant trains no network, so it has nothing to search, to resume "
            "or to export again; run `visionflow train --recipe instant`, which takes seconds."
        )
    body = config.finetune.body.optimizer.name
    if (config.recipe, body, config.finetune.batch_norm) == ("finetune", "muon", "frozen"):
        raise ConfigError(
            "config: finetune.body.optimizer muon rescales weights, which a frozen batch norm does "
            'not follow; choose adamw or finetune.batch_norm = "adapt".'
        )
    parts = config.model.parts
    if len(parts) > 1 and config.recipe != "probe":
        raise ConfigError(
            f"config: the recipe {config.recipe} trains one network; several side by side, as in "
            f"model.name = {config.model.name!r}, are for the recipe probe."
        )
    random = any(part.weights == "none" for part in parts) and not config.model.grow_from
    if config.recipe != "scratch" and random:
        raise ConfigError(
            f"config: the recipe {config.recipe} trains a head on a trunk that has learnt already, "
            'and with model.weights = "none" it is random; set model.weights to imagenet, package '
            "or a file of weights, or take the recipe scratch."
        )
