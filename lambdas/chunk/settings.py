"""Environment of the chunk function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class ChunkSettings(EnvSettings):
    """Names of the resources, ONNX Runtime's threads, and days that a record is kept;
    ``external_id``: of the stage, to whoever lets it read a bucket; ``chunk_memory_mb`` and
    ``architecture`` of this function, for its price."""

    jobs_table: str
    backfills_bucket: str
    images_bucket: str
    models_bucket: str
    predictions_table: str
    external_id: str
    retention_days: int
    ort_threads: int
    chunk_memory_mb: int
    architecture: str
