import { useTranslation } from "react-i18next";

import { useLanguage } from "../i18n";
import { percent } from "../i18n/format";
import { BarRow, BarRows } from "../ui/BarRow";
import type { LiveNumbers } from "./numbers";

const SHOWN = 8;

/** The distribution of labels in the latest records. */
export function LabelMix({ labels, sample }: Pick<LiveNumbers, "labels" | "sample">) {
  const { t } = useTranslation();
  const language = useLanguage();
  const most = labels[0]?.share ?? 1;
  const rest = labels.slice(SHOWN).reduce((sum, { share }) => sum + share, 0);
  return (
    <section className="card panel" aria-label={t("live.labelMix")}>
      <div className="panel-heading">
        <h2>{t("live.labelMix")}</h2>
        <p className="muted small">{t("live.lastN", { n: sample })}</p>
      </div>
      {labels.length === 0 ? (
        <p className="muted small">{t("live.noLabels")}</p>
      ) : (
        <BarRows testId="live-labels">
          {labels.slice(0, SHOWN).map(({ label, share }) => (
            <BarRow
              key={label}
              name={label}
              value={percent(share, language)}
              share={share / most}
            />
          ))}
          {rest > 0 && (
            <BarRow
              name={t("live.otherLabels", { n: labels.length - SHOWN })}
              value={percent(rest, language)}
              share={rest / most}
              tone="rest"
            />
          )}
        </BarRows>
      )}
    </section>
  );
}
