import { useTranslation } from "react-i18next";
import type { Job, JobState } from "visionflow-client";

import { WORKER } from "../worker";

const TONES: Record<JobState, string> = {
  queued: "",
  launching: "accent",
  running: "accent",
  publishing: "accent",
  stopping: "unsure",
  succeeded: "good",
  failed: "bad",
  cancelled: "",
};

type Stand = Pick<Job, "state" | "runs_on" | "waits_for_worker">;

/** Where a job stands; on the local cloud it may wait for the computer that trains it. */
export function StateChip({
  job: { state, runs_on: runsOn, waits_for_worker: waits },
}: {
  job: Stand;
}) {
  const { t } = useTranslation();
  if (waits) {
    return (
      <span className="chip unsure" data-testid="job-state" data-state="waiting">
        {t("training.waitsFor", { command: WORKER })}
      </span>
    );
  }
  return (
    <span className={`chip ${TONES[state]}`} data-testid="job-state" data-state={state}>
      {state === "launching" && runsOn === "local"
        ? t("training.startsHere")
        : t(`training.states.${state}`)}
    </span>
  );
}
