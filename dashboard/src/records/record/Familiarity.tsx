import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { score } from "../../i18n/format";
import { useManifest } from "../../registry/useManifest";
import css from "./Familiarity.module.css";

interface FamiliarityProps {
  /** A stored record has no threshold: it is in the manifest of the version that answered. */
  record: Pick<LogEntry, "familiarity" | "unknown_reason" | "model"> & {
    familiarity_threshold?: number | null;
  };
}

/** For a list of facts: how similar an image is to the training images, and the threshold. */
export function Familiarity({ record }: FamiliarityProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { familiarity: value, model, familiarity_threshold: answered } = record;
  const asked = value !== null && model !== null && answered === undefined;
  const manifest = useManifest(asked ? model : null);
  const threshold = answered ?? manifest.data?.familiarity?.threshold;
  if (value === null) return null;
  return (
    <>
      <dt>{t("unknown.familiarity")}</dt>
      <dd data-testid="familiarity">
        {threshold === undefined ? (
          score(value, language)
        ) : (
          <>
            {threshold > 0 && <Bar value={value} threshold={threshold} />}
            {t(`unknown.familiarity${judged(value, threshold, record.unknown_reason)}`, {
              value: score(value, language),
              threshold: score(threshold, language),
            })}
          </>
        )}
      </dd>
    </>
  );
}

/** The threshold is its middle: familiarity has no fixed largest value. */
function Bar({ value, threshold }: { value: number; threshold: number }) {
  const share = Math.min(Math.max(value / threshold / 2, 0), 1);
  return (
    <span
      className={css.track}
      style={{ "--share": `${share * 100}%` } as CSSProperties}
      aria-hidden
    >
      <span className={`${css.bar} ${value < threshold ? css.under : ""}`} />
      <span className={css.threshold} />
    </span>
  );
}

function judged(value: number, threshold: number, reason: LogEntry["unknown_reason"]) {
  if (value < threshold) return "Under";
  // A second measure, the detail of the pixels, says so alone.
  return reason === "unfamiliar" ? "Blurred" : "Reached";
}
