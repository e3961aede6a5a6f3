import { useTranslation } from "react-i18next";

import type { ModelList } from "../api/types";

interface VersionPickerProps {
  models: ModelList;
  version: string;
  onChange: (version: string) => void;
}

export function VersionPicker({ models, version, onChange }: VersionPickerProps) {
  const { t } = useTranslation();
  return (
    <label className="field">
      <span className="field-name">{t("accuracy.version")}</span>
      <select
        className="input"
        value={version}
        onChange={({ target }) => {
          onChange(target.value);
        }}
        data-testid="version-picker"
      >
        {models.items.map(({ name, version: known, aliases }) => (
          <option key={`${name} ${known}`} value={known}>
            {name} {known}
            {aliases.map((alias) => ` · ${t(`models.alias.${alias}`)}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
