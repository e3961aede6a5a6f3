import { useTranslation } from "react-i18next";
import type { BackfillState } from "visionflow-client";

const TONES: Record<BackfillState, string> = {
  listing: "accent",
  running: "accent",
  paused: "",
  stopped: "unsure",
  cancelled: "",
  failed: "bad",
  done: "good",
};

export function StateChip({ state }: { state: BackfillState }) {
  const { t } = useTranslation();
  return (
    <span className={`chip ${TONES[state]}`} data-testid="backfill-state" data-state={state}>
      {t(`backfills.states.${state}`)}
    </span>
  );
}
