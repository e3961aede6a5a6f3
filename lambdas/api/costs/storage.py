"""How much lies in the buckets and tables, as AWS has measured it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# S3 measures each bucket once a day, and is up to two days late:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
_LOOK_BACK = timedelta(days=4)
_DAY_S = 86_400
# DynamoDB measures its tables about every six hours.
_KEPT_S = 3_600.0


class CloudWatch(Protocol):
    """The part of CloudWatch's client that is used."""

    def get_metric_data(self, **asked: Any) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Size:
    """Bytes in one place, None where AWS has not measured them."""

    place: str
    bytes: int | None


class StorageSizes:
    """Sizes of ``buckets`` and ``tables``, by what they hold; asked for once an hour."""

    def __init__(
        self,
        buckets: Mapping[str, str],
        tables: Mapping[str, str],
        cloudwatch: CloudWatch,
        dynamodb: "DynamoDBClient",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._buckets, self._tables = buckets, tables
        self._cloudwatch, self._dynamodb = cloudwatch, dynamodb
        self._clock = clock
        self._until = float("-inf")
        self._found: tuple[tuple[Size, ...], tuple[Size, ...]] = ((), ())

    def measured(self, now: datetime) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        """Of the buckets, and of the tables with their indexes."""
        if self._clock() >= self._until:
            self._found = self._of_buckets(now), self._of_tables()
            self._until = self._clock() + _KEPT_S
        return self._found

    def _of_buckets(self, now: datetime) -> tuple[Size, ...]:
        names = list(self._buckets)
        answer = self._cloudwatch.get_metric_data(
            MetricDataQueries=[
                {
                    "Id": f"bucket{index}",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/S3",
                            "MetricName": "BucketSizeBytes",
                            "Dimensions": [
                                {"Name": "BucketName", "Value": self._buckets[name]},
                                {"Name": "StorageType", "Value": "StandardStorage"},
                            ],
                        },
                        "Period": _DAY_S,
                        "Stat": "Average",
                    },
                }
                for index, name in enumerate(names)
            ],
            StartTime=now - _LOOK_BACK,
            EndTime=now,
            ScanBy="TimestampDescending",
        )
        values = {found["Id"]: found["Values"] for found in answer["MetricDataResults"]}
        latest = (values.get(f"bucket{index}") or [None] for index in range(len(names)))
        return tuple(
            Size(name, None if sizes[0] is None else int(sizes[0]))
            for name, sizes in zip(names, latest, strict=True)
        )

    def _of_tables(self) -> tuple[Size, ...]:
        sizes = []
        for name, table in self._tables.items():
            found = self._dynamodb.describe_table(TableName=table)["Table"]
            indexes = found.get("GlobalSecondaryIndexes", [])
            size = found.get("TableSizeBytes", 0)
            sizes.append(Size(name, size + sum(i.get("IndexSizeBytes", 0) for i in indexes)))
        return tuple(sizes)
