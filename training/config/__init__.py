"""One experiment, described completely: a frozen dataclass and the TOML that fills it."""

from training.config.choices import check_recipe
from training.config.experiment import (
    Choices,
    ExportConfig,
    FloatRange,
    TrainConfig,
    TuneConfig,
)
from training.config.files import (
    CONFIGS,
    DEFAULTS,
    Setting,
    committed_configs,
    config_of,
    dotted,
    load_config,
    merge,
    settings,
    with_fields,
)
from training.config.inputs import (
    NETWORKS,
    TIMM,
    TIMM_NAME,
    AugmentConfig,
    Balance,
    DataConfig,
    ModelConfig,
)
from training.config.recipes import (
    FinetuneConfig,
    LoopConfig,
    OptimizerConfig,
    ProbeConfig,
    Recipe,
    ScheduleConfig,
)

__all__ = [
    "CONFIGS",
    "DEFAULTS",
    "NETWORKS",
    "TIMM",
    "TIMM_NAME",
    "AugmentConfig",
    "Balance",
    "Choices",
    "DataConfig",
    "ExportConfig",
    "FinetuneConfig",
    "FloatRange",
    "LoopConfig",
    "ModelConfig",
    "OptimizerConfig",
    "ProbeConfig",
    "Recipe",
    "ScheduleConfig",
    "Setting",
    "TrainConfig",
    "TuneConfig",
    "check_recipe",
    "committed_configs",
    "config_of",
    "dotted",
    "load_config",
    "merge",
    "settings",
    "with_fields",
]
