import { useTranslation } from "react-i18next";
import type { ModelItem, ModelList } from "visionflow-client";

import { modelKey } from "../registry/chosen";

interface VersionPickerProps {
  /** `undefined` while loading: the picker only reserves its space. */
  models: ModelList | undefined;
  chosen: ModelItem | undefined;
  onChange: (item: ModelItem) => void;
}

export function VersionPicker({ models, chosen, onChange }: VersionPickerProps) {
  const { t } = useTranslation();
  return (
    <label className="field">
      <span className="field-name">{t("accuracy.version")}</span>
      <select
        className="input"
        value={chosen && modelKey(chosen)}
        disabled={chosen === undefined}
        onChange={({ target }) => {
          const next = models?.items.find((item) => modelKey(item) === target.value);
          if (next) onChange(next);
        }}
        data-testid="version-picker"
      >
        {models?.items.map((item) => (
          <option key={modelKey(item)} value={modelKey(item)}>
            {modelKey(item)}
            {item.aliases.map((alias) => ` · ${t(`models.alias.${alias}`)}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
