import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { shortDateTime } from "../../i18n/format";
import css from "./SelectBox.module.css";

interface SelectBoxProps {
  row: LogEntry;
  isSelected: boolean;
  onSelect: (id: string, extend: boolean) => void;
}

/** Selects one record; with Shift, all from the one selected before to this one. */
export function SelectBox({ row, isSelected, onSelect }: SelectBoxProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <label className={css.box}>
      <input
        type="checkbox"
        checked={isSelected}
        aria-label={t("history.select.one", {
          name: row.label ?? t(`status.${row.status}`),
          time: shortDateTime(row.created_at, language),
        })}
        onChange={({ nativeEvent }) => {
          onSelect(row.id, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey);
        }}
        data-testid="select-row"
      />
    </label>
  );
}
