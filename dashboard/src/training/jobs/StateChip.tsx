import { useTranslation } from "react-i18next";

import type { JobState } from "../../api/types";

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

export function StateChip({ state }: { state: JobState }) {
  const { t } = useTranslation();
  return (
    <span className={`chip ${TONES[state]}`} data-testid="job-state" data-state={state}>
      {t(`training.states.${state}`)}
    </span>
  );
}
