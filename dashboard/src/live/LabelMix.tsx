import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useLanguage } from "../i18n";
import { percent } from "../i18n/format";
import { useServedChoices } from "../registry/useLabels";
import { BarRow, BarRows } from "../ui/BarRow";
import { Combobox } from "../ui/combobox/Combobox";
import css from "./LabelMix.module.css";
import { labelMix, namedOf } from "./numbers";

const SHOWN = 8;

interface LabelMixProps {
  rows: readonly LogEntry[];
  sample: number;
  /** The records are not known yet. */
  isLoading: boolean;
}

/** The distribution of labels in the latest records. */
export function LabelMix({ rows, sample, isLoading }: LabelMixProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [level, setLevel] = useState<number | null>(null);
  const [wanted, setWanted] = useState<string | null>(null);
  const named = namedOf(rows);
  const depth = Math.max(0, ...named.map(({ parents }) => parents.length));
  const labels = labelMix(named, level);
  const most = labels[0]?.share ?? 1;
  const rest = labels.slice(SHOWN).reduce((sum, { share }) => sum + share, 0);
  return (
    <section className="card panel" aria-label={t("live.labelMix")}>
      <div className="panel-heading">
        <h2>{t("live.labelMix")}</h2>
        {!isLoading && <p className="muted small">{t("live.lastN", { n: sample })}</p>}
      </div>
      {(depth > 0 || labels.length > SHOWN) && (
        <div className={css.tools}>
          {depth > 0 && (
            <label className="field">
              <span className="field-name">{t("accuracy.level")}</span>
              <select
                className="input"
                value={level ?? ""}
                onChange={({ target }) => {
                  setLevel(target.value === "" ? null : Number(target.value));
                }}
                data-testid="live-level"
              >
                <option value="">{t("live.asNamed")}</option>
                {Array.from({ length: depth }, (_, above) => (
                  <option key={above} value={above}>
                    {t(above === 0 ? "accuracy.levelTop" : "accuracy.levelN", { n: above })}
                  </option>
                ))}
              </select>
            </label>
          )}
          <FindLabel wanted={wanted} onChange={setWanted} />
        </div>
      )}
      {isLoading ? (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      ) : labels.length === 0 ? (
        <p className="muted small">{t("live.noLabels")}</p>
      ) : (
        <BarRows testId="live-labels">
          {wanted !== null && <Wanted label={wanted} named={named} most={most} />}
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

interface FindLabelProps {
  wanted: string | null;
  onChange: (label: string | null) => void;
}

function FindLabel({ wanted, onChange }: FindLabelProps) {
  const { t } = useTranslation();
  return (
    <Combobox
      name={t("live.findLabel")}
      choices={useServedChoices([wanted])}
      value={wanted}
      onChange={onChange}
      placeholder={t("feedback.pick")}
      testId="live-find"
    />
  );
}

interface WantedProps {
  label: string;
  named: ReturnType<typeof namedOf>;
  most: number;
}

/** The share of one label, or of all labels below a parent. */
function Wanted({ label: wanted, named, most }: WantedProps) {
  const language = useLanguage();
  const found = named.filter(({ label, parents }) => label === wanted || parents.includes(wanted));
  const share = found.length / Math.max(named.length, 1);
  return (
    <BarRow
      name={<strong title={wanted}>{wanted}</strong>}
      value={percent(share, language)}
      share={share / most}
      tone="unsure"
    />
  );
}
