import { useTranslation } from "react-i18next";
import { type ModelList, modelRef } from "visionflow-client";

import { modelKey } from "../../../registry/chosen";
import { useFault } from "../../../ui/fault/fault";
import { FaultReason } from "../../../ui/fault/FaultReason";
import formCss from "../../../ui/Form.module.css";
import { comparedOf, type Draft } from "./draft";

interface ModelFieldsProps {
  models: ModelList;
  draft: Draft;
  onChange: (changes: Partial<Draft>) => void;
}

/** Which version classifies, and which other one it is compared with. */
export function ModelFields({ models, draft, onChange }: ModelFieldsProps) {
  const { t } = useTranslation();
  const fault = useFault(["models"]);
  const { production } = models.aliases;
  const compared = comparedOf(draft, models);
  const first = draft.first || (production === null ? "" : modelRef(production));
  const usable = models.items.filter(({ retired }) => retired === null);
  const options = (items: typeof usable) =>
    items.map((item) => (
      <option key={modelRef(item)} value={modelRef(item)}>
        {modelKey(item)}
      </option>
    ));
  return (
    <div>
      <div className={formCss.fields}>
        <label className="field">
          <span className="field-name">{t("backfills.version")}</span>
          <select
            className="input"
            value={draft.first}
            onChange={({ target: { value } }) => {
              onChange({ first: value, ...(value === draft.second && { second: "" }) });
            }}
            {...fault.attributes}
            data-testid="backfill-model"
          >
            <option value="">{t("backfills.serving")}</option>
            {options(usable)}
          </select>
        </label>
        <label className="field">
          <span className="field-name">{t("backfills.second")}</span>
          <select
            className="input"
            value={draft.second}
            onChange={({ target: { value } }) => {
              onChange({ second: value });
            }}
            {...fault.attributes}
            data-testid="backfill-second"
          >
            <option value="">{t("backfills.none")}</option>
            {options(usable.filter((item) => modelRef(item) !== first))}
          </select>
        </label>
      </div>
      <FaultReason reason={fault.reason} />
      {compared && (
        <p className="muted small" role="status" data-testid="compares">
          {t("backfills.compares", compared)}
        </p>
      )}
    </div>
  );
}
