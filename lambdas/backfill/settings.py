"""Environment of the backfill function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class BackfillSettings(EnvSettings):
    """Names of the resources; ``external_id``: of the stage, to whoever lets it read a bucket;
    ``chunk_memory_mb`` and ``architecture`` of the function that classifies, for its price;
    ``most_chunks``: chunks at the same time that the stage allows."""

    jobs_table: str
    backfills_bucket: str
    images_bucket: str
    external_id: str
    chunk_memory_mb: int
    architecture: str
    most_chunks: int
