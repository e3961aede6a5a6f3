"""Environment of the api function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class ApiSettings(EnvSettings):
    """Names of the resources, whether requests carry a token (1) or need none (0), whether each
    caller sees only what they sent (1) or everybody's records (0), and for how many days records
    (``retention_days``) and the images that they sent are kept."""

    images_bucket: str
    models_bucket: str
    predictions_table: str
    registry_table: str
    insights_table: str
    audit_table: str
    keys_table: str
    requires_sign_in: int
    own_records: int
    retention_days: int
    original_retention_days: int


@dataclass(frozen=True)
class DatasetSettings(EnvSettings):
    """Names of what holds datasets, the URL of the queue of images that arrive in them, and the ARN
    of the state machine that trains on them."""

    datasets_bucket: str
    datasets_table: str
    curation_queue: str
    instant_machine: str


@dataclass(frozen=True)
class CostSettings(EnvSettings):
    """What costs are estimated from: ``architecture`` is x86_64 or arm64, ``snap_start_functions``
    how many of the classifying functions keep a snapshot. Records, originals and logs are kept for
    so many days; ``traced``: X-Ray records requests (1). ``keys`` and ``more_alarms`` are the
    encryption keys and the alarms that the stage has beside the default. ``budget_usd`` of a month,
    at which AWS Budgets stops the stage; 0 without one.
    """

    predict_memory_mb: int
    ingest_memory_mb: int
    architecture: str
    retention_days: int
    original_retention_days: int
    log_retention_days: int
    traced: int
    snap_start_functions: int
    keys: int
    more_alarms: int
    budget_usd: int


@dataclass(frozen=True)
class HookSettings(EnvSettings):
    """Names of the bus and of the table of hooks, where the parameters of their secrets begin, the
    queue of webhooks and its dead letters, the topic of e-mails, the mapping that feeds the hooks
    function, and whether receivers on this computer are allowed (1)."""

    event_bus: str
    hooks_table: str
    hook_secrets: str
    hook_queue: str
    hook_queue_arn: str
    hook_dead_letters: str
    hook_dead_letters_arn: str
    hook_mail: str
    hook_mapping: str
    allow_loopback: int
