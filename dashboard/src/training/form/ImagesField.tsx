import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Dataset, TrainingOptions } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { decimal, whole } from "../../i18n/format";
import { BarRow, BarRows } from "../../ui/BarRow";
import type { Draft } from "./draft";
import { imbalance } from "./estimate";
import { useFault } from "../../ui/fault/fault";
import { FaultReason } from "../../ui/fault/FaultReason";
import { preset } from "./goals";
import css from "./ImagesField.module.css";
import type { Counted } from "./useDatasets";

interface ImagesFieldProps {
  datasets: readonly Dataset[];
  folders: TrainingOptions["datasets"];
  draft: Draft;
  counted: Counted | undefined;
  onChange: (changes: Partial<Draft>) => void;
}

/** A ratio above which the classes should be balanced. */
const UNEVEN = 3;
const DATASET = "dataset:";
const IMAGES = ["data", "dataset"];
const BALANCE = "data.balance";

/** A dataset or a folder of the bucket, and its images per class: a rare class is learned badly. */
export function ImagesField({ datasets, folders, draft, counted, onChange }: ImagesFieldProps) {
  const { t } = useTranslation();
  const fault = useFault(IMAGES);
  if (datasets.length === 0 && folders.length === 0) {
    return (
      <p data-testid="no-data">
        {t("training.noData")} <Link to="/data">{t("training.toData")}</Link>
      </p>
    );
  }
  return (
    <div className={css.images}>
      <label className="field">
        <span className="field-name">{t("training.data")}</span>
        <select
          className="input"
          value={draft.dataset ? DATASET + draft.dataset : draft.data}
          onChange={({ target: { value } }) => {
            onChange(
              value.startsWith(DATASET)
                ? { dataset: value.slice(DATASET.length), data: "", version: "" }
                : { dataset: "", data: value, version: "" },
            );
          }}
          {...fault.attributes}
          data-testid="job-data"
        >
          {datasets.length > 0 && (
            <optgroup label={t("training.datasets")}>
              {datasets.map(({ name }) => (
                <option key={name} value={DATASET + name}>
                  {name}
                </option>
              ))}
            </optgroup>
          )}
          {folders.length > 0 && (
            <optgroup label={t("training.folders")}>
              {folders.map(({ prefix }) => (
                <option key={prefix} value={prefix}>
                  {prefix.replace(/^s3:\/\/[^/]+\//, "")}
                </option>
              ))}
            </optgroup>
          )}
        </select>
        <FaultReason reason={fault.reason} />
      </label>
      {datasets.length === 0 && (
        <p className="muted small">
          {t("training.onlyFolders")} <Link to="/data">{t("training.toData")}</Link>
        </p>
      )}
      {counted && <Counts counted={counted} balanced={isBalanced(draft)} />}
    </div>
  );
}

/** A goal balances the classes, unless that was changed. */
function isBalanced({ goal, set }: Draft): boolean {
  return goal !== null && set[BALANCE] === preset(goal).set[BALANCE];
}

function Counts({ counted, balanced }: { counted: Counted; balanced: boolean }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const ratio = imbalance(counted.classes);
  const classes = Object.entries(counted.classes).sort(([, a], [, b]) => b - a);
  const most = classes[0]?.[1] ?? 1;
  return (
    <>
      <p className="small numeric">
        {t(counted.complete ? "training.counts" : "training.countsAtLeast", {
          images: whole(counted.images, language),
          classes: classes.length,
        })}{" "}
        {ratio !== null && (
          <span className={ratio > UNEVEN && !balanced ? css.uneven : "muted"}>
            {t("training.imbalance", { ratio: decimal(ratio, language) })}
            {ratio > UNEVEN && ` ${t(balanced ? "training.balanced" : "training.unevenHint")}`}
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
  );
}
