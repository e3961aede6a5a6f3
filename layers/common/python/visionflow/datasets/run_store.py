"""Instant trainings in DynamoDB: each write on the condition that the run has not ended.

Rows: ``RUNS#<dataset> / <id>``, ids sort by time; ``MODELS#<dataset> / <number>#<model>#<version>``
for each model version that a version of the dataset made; ``MODEL#<model> / <version>`` for the
name of a model version, which belongs to the run that took it first.

Steps are called again after a fault, so each write may be repeated: the second one changes nothing.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, get_args

from visionflow import dynamodb, strict
from visionflow.datasets.run import InstantRun, RunResult, RunStepName
from visionflow.errors import PlatformError, RunConflictError, RunNotFoundError
from visionflow.models.ref import ModelRef

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UpdateTypeDef

MODELS: Final = "MODELS#"
"""Start of the partition keys of what versions made."""
STEPS: tuple[RunStepName, ...] = get_args(RunStepName)
_OPEN = "attribute_exists(pk) AND #state IN (:waiting, :running)"
_STATES = {":waiting": "waiting", ":running": "running"}
# Of a step that several functions work at: images done, by part of the work.
_PARTS = "parts"
# Most of those who look for one run find it among so many.
_PAGE = 25


class RunStore:
    """Owns the rows of trainings in the table of datasets."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def start(self, run: InstantRun) -> InstantRun:
        """Record a run that waits. Called again with the same id, it returns what is there."""
        row = {**_key(run.dataset, run.id), **strict.to_dict(run), "steps": {}, _PARTS: {}}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=dynamodb.to_item(row),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return self.run(run.dataset, run.id)
        return run

    def run(self, dataset: str, run_id: str) -> InstantRun:
        """Raises `RunNotFoundError`."""
        key = dynamodb.to_item(_key(dataset, run_id))
        item = dynamodb.read_item(self._client, self._table, key)
        if item is None:
            raise RunNotFoundError(f"There is no training {run_id!r:.80} of {dataset!r:.80}.")
        return read_run(item)

    def runs(self, dataset: str, limit: int | None = None) -> tuple[InstantRun, ...]:
        """The newest first, all by default."""
        return tuple(islice(self.newest(dataset, limit), limit))

    def newest(self, dataset: str, page_size: int | None = _PAGE) -> Iterator[InstantRun]:
        """All runs, the newest first, read as far as they are asked for."""
        values = {":pk": _key(dataset, "")["pk"]}
        found = dynamodb.query(
            self._client, self._table, "pk = :pk", values, forward=False, page_size=page_size
        )
        return map(read_run, found)

    def last_done(self, dataset: str) -> InstantRun | None:
        """The newest run that made a model; None before the first."""
        return next((run for run in self.newest(dataset) if run.state == "done"), None)

    def name_version(self, run: InstantRun, number: int) -> InstantRun:
        """Say which version of the dataset ``run`` trains on; the first call decides."""
        return self._change(
            run,
            "version = :number",
            {":number": number, ":unnamed": 0},
            also="AND version IN (:unnamed, :number)",
        )

    def begin(
        self, run: InstantRun, step: RunStepName, at: str, total: int | None = None
    ) -> InstantRun:
        """``step`` works now, on ``total`` images; a step that began before goes on.

        This and the other changes raise `RunConflictError` for a run that has ended, and
        `RunNotFoundError`.
        """
        begun = {
            "name": step,
            "started_at": at,
            "finished_at": None,
            "done": None if total is None else 0,
            "total": total,
        }
        return self._change(
            run,
            f"#state = :running, steps.{step} = if_not_exists(steps.{step}, :begun)",
            {":begun": begun},
        )

    def progress(self, run: InstantRun, step: RunStepName, part: int, done: int) -> InstantRun:
        """``done`` images of ``part`` of a step's work are done; parts add up."""
        return self._change(
            run, f"{_PARTS}.#part = :done", {":done": done}, names={"#part": f"{step}-{part}"}
        )

    def end_step(self, run: InstantRun, step: RunStepName, at: str) -> InstantRun:
        """``step``, which must have begun, is done; the first call counts."""
        try:
            return self._change(
                run,
                f"steps.{step}.finished_at = :at",
                {":at": at, ":null": "NULL"},
                also=f"AND attribute_type(steps.{step}.finished_at, :null)",
            )
        except RunConflictError:
            found = self.run(run.dataset, run.id)
            ended = any(one.name == step and one.finished_at for one in found.steps)
            if found.state == "running" and ended:
                return found
            raise

    def take_name(self, run: InstantRun, version: str) -> bool:
        """Whether the version ``version`` of the run's model is the run's to make: the first run
        that asks gets it, for ever. After a run that failed the numbers of versions have a gap."""
        key = {"pk": f"MODEL#{run.model}", "sk": version}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=dynamodb.to_item({**key, "run": run.id}),
                ConditionExpression="attribute_not_exists(pk) OR #run = :run",
                ExpressionAttributeNames={"#run": "run"},
                ExpressionAttributeValues=dynamodb.to_item({":run": run.id}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def names_taken(self, model: str) -> dict[str, str]:
        """The versions of ``model`` that runs have taken, and the id of each one's run."""
        rows = dynamodb.query(self._client, self._table, "pk = :pk", {":pk": f"MODEL#{model}"})
        return {str(row["sk"]["S"]): str(row["run"]["S"]) for row in rows}

    def finish(
        self, run: InstantRun, at: str, model_version: str, result: RunResult, *, serves: bool
    ) -> InstantRun:
        """The run has made ``model_version``: together with the row that leads from the dataset's
        version to it. Repeating it changes nothing."""
        values = {
            ":done": "done",
            ":at": at,
            ":model_version": model_version,
            ":result": strict.to_dict(result),
            ":serves": serves,
        }
        made: dynamodb.Action = {
            "Put": {
                "TableName": self._table,
                "Item": _made(run.dataset, run.version, ModelRef(run.model, model_version), run.id),
            }
        }
        changed = self._update(
            run,
            "#state = :done, finished_at = :at, model_version = :model_version, "
            "#result = :result, serves = :serves",
            values,
            names={"#result": "result"},
        )
        if dynamodb.transact(self._client, [{"Update": changed}, made]) is not None:
            found = self.run(run.dataset, run.id)
            if found.state in ("waiting", "running"):
                raise PlatformError(f"Training {run.id} is written to by others; try again.")
            if (found.state, found.model_version) != ("done", model_version):
                raise _refused(found)
        return self.run(run.dataset, run.id)

    def fail(self, dataset: str, run_id: str, at: str, code: str, sentence: str) -> InstantRun:
        """The run has failed. One that has ended stays as it is. Raises `RunNotFoundError`."""
        run = self.run(dataset, run_id)
        try:
            return self._change(
                run,
                "#state = :failed, finished_at = :at, #error = :error",
                {":failed": "failed", ":at": at, ":error": [code, sentence]},
                names={"#error": "error"},
            )
        except RunConflictError:
            return self.run(dataset, run_id)

    def models(self, dataset: str, number: int) -> tuple[ModelRef, ...]:
        """The model versions that version ``number`` of ``dataset`` made."""
        values = {":pk": f"{MODELS}{dataset}", ":number": f"{number:07}#"}
        found = dynamodb.query(
            self._client, self._table, "pk = :pk AND begins_with(sk, :number)", values
        )
        parts = (str(row["sk"]["S"]).split("#") for row in found)
        return tuple(ModelRef(name, version) for _, name, version in parts)

    def made_by_job(self, dataset: str, number: int, model: ModelRef, job_id: str) -> None:
        """Version ``number`` of ``dataset`` made ``model``, by a training job. Repeating it changes
        nothing."""
        self._client.put_item(TableName=self._table, Item=_made(dataset, number, model, job_id))

    def _change(
        self,
        run: InstantRun,
        what: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        also: str = "",
    ) -> InstantRun:
        update = self._update(run, what, values, names=names, also=also)
        try:
            answer = self._client.update_item(**update, ReturnValues="ALL_NEW")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise _refused(self.run(run.dataset, run.id)) from error
        return read_run(answer["Attributes"])

    def _update(
        self,
        run: InstantRun,
        what: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        also: str = "",
    ) -> "UpdateTypeDef":
        return {
            "TableName": self._table,
            "Key": dynamodb.to_item(_key(run.dataset, run.id)),
            "UpdateExpression": f"SET {what}",
            "ConditionExpression": f"{_OPEN} {also}".rstrip(),
            "ExpressionAttributeNames": {"#state": "state", **(names or {})},
            "ExpressionAttributeValues": dynamodb.to_item({**_STATES, **values}),
        }


def _key(dataset: str, run_id: str) -> dict[str, str]:
    return {"pk": f"RUNS#{dataset}", "sk": run_id}


def _made(dataset: str, number: int, model: ModelRef, by: str) -> dynamodb.Item:
    """The row that leads from a version of a dataset to what it made. ``by``: the id of the run or
    job."""
    return dynamodb.to_item(
        {
            "pk": f"{MODELS}{dataset}",
            "sk": f"{number:07}#{model.name}#{model.version}",
            "run": by,
        }
    )


def read_run(item: Mapping[str, Any]) -> InstantRun:
    row = dynamodb.from_row(item)
    done: dict[str, int] = {}
    for part, images in row.pop(_PARTS).items():
        step = part.rpartition("-")[0]
        done[step] = done.get(step, 0) + images
    steps = row["steps"]
    row["steps"] = [
        {**steps[name], "done": done.get(name, steps[name]["done"])}
        for name in STEPS
        if name in steps
    ]
    if row.get("result") is not None:
        # Rows from before these were measured lack them.
        row["result"] = {"curve": [], "compared": None, "series": [], **row["result"]}
    return strict.parse(InstantRun, row, "training")


def _refused(run: InstantRun) -> RunConflictError:
    return RunConflictError(
        f"Training {run.id} of {run.dataset} is {run.state}, on version {run.version}: it cannot "
        "be changed to this."
    )
