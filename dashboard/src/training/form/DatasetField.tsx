import { useTranslation } from "react-i18next";

import type { TrainingOptions } from "../../api/types";
import { useLanguage } from "../../i18n";
import { decimal, whole } from "../../i18n/format";
import { BarRow, BarRows } from "../../ui/BarRow";
import css from "./DatasetField.module.css";
import { imbalance } from "./estimate";
import { Select } from "./Select";

interface DatasetFieldProps {
  datasets: TrainingOptions["datasets"];
  value: string;
  onChange: (prefix: string) => void;
}

/** A ratio above which the classes should be balanced. */
const UNEVEN = 3;

/** The dataset, and its images per class: a rare class is learned badly. */
export function DatasetField({ datasets, value, onChange }: DatasetFieldProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const chosen = datasets.find(({ prefix }) => prefix === value);
  const ratio = chosen ? imbalance(chosen.classes) : null;
  const classes = Object.entries(chosen?.classes ?? {}).sort(([, a], [, b]) => b - a);
  const most = classes[0]?.[1] ?? 1;
  return (
    <div className={css.dataset}>
      <Select
        name={t("training.data")}
        value={value}
        options={datasets.map(({ prefix }) => prefix)}
        show={(prefix) => prefix.replace(/^s3:\/\/[^/]+\//, "")}
        onChange={onChange}
        testId="job-data"
      />
      {datasets.length === 0 && <p className="muted small">{t("training.noData")}</p>}
      {chosen && (
        <>
          <p className="small numeric">
            {t(chosen.complete ? "training.counts" : "training.countsAtLeast", {
              images: whole(chosen.images, language),
              classes: classes.length,
            })}{" "}
            {ratio !== null && (
              <span className={ratio > UNEVEN ? css.uneven : "muted"}>
                {t("training.imbalance", { ratio: decimal(ratio, language) })}
                {ratio > UNEVEN && ` ${t("training.unevenHint")}`}
              </span>
            )}
          </p>
          <details>
            <summary className="muted small">{t("training.classCounts")}</summary>
            <div className={css.classes}>
              <BarRows testId="class-counts">
                {classes.map(([label, count]) => (
                  <BarRow
                    key={label}
                    name={label}
                    value={whole(count, language)}
                    share={count / most}
                    tone={most / count > UNEVEN ? "unsure" : "main"}
                  />
                ))}
              </BarRows>
            </div>
          </details>
        </>
      )}
    </div>
  );
}
