import { useTranslation } from "react-i18next";
import type { Dataset } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { Combobox } from "../../ui/combobox/Combobox";
import type { Counts, Filter } from "../facts/filter";
import { PART_CHOICES, VIEWS } from "../facts/filter";
import { SOURCES } from "../facts/table";
import css from "./FilterBar.module.css";

interface FilterBarProps {
  dataset: Dataset;
  counts: Counts | null;
  filter: Filter;
  onChange: (changes: Partial<Filter>) => void;
}

/** Which of the images the grid shows. */
export function FilterBar({ dataset, counts, filter, onChange }: FilterBarProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const sizes = {
    all: counts?.images,
    unlabelled: counts?.unlabelled,
    suspected: counts?.suspected,
    duplicate: undefined,
    divided: undefined,
    outlier: counts?.outliers,
    pending: counts?.pending,
    unreadable: counts?.unreadable,
    removed: counts?.removed,
  };
  return (
    <div className={css.bar}>
      <label className="field">
        <span className="field-name">{t("data.show")}</span>
        <select
          className="input"
          value={filter.view}
          onChange={({ target }) => {
            onChange({ view: VIEWS.find((view) => view === target.value) ?? "all" });
          }}
          data-testid="filter-view"
        >
          {VIEWS.map((view) => (
            <option key={view} value={view}>
              {t(`data.views.${view}`)}
              {sizes[view] !== undefined && ` (${whole(sizes[view], language)})`}
            </option>
          ))}
        </select>
      </label>
      <Combobox
        name={t("data.class")}
        choices={dataset.classes}
        value={filter.label}
        onChange={(label) => {
          onChange({ label });
        }}
        placeholder={t("data.anyClass")}
        testId="filter-class"
      />
      <label className="field">
        <span className="field-name">{t("data.part")}</span>
        <select
          className="input"
          value={filter.part ?? ""}
          onChange={({ target }) => {
            onChange({ part: PART_CHOICES.find((part) => part === target.value) ?? null });
          }}
          data-testid="filter-part"
        >
          <option value="">{t("data.anyPart")}</option>
          {PART_CHOICES.map((part) => (
            <option key={part} value={part}>
              {t(`data.parts.${part}`)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span className="field-name">{t("data.source")}</span>
        <select
          className="input"
          value={filter.source ?? ""}
          onChange={({ target }) => {
            onChange({ source: SOURCES.find((source) => source === target.value) ?? null });
          }}
          data-testid="filter-source"
        >
          <option value="">{t("data.anySource")}</option>
          {SOURCES.map((source) => (
            <option key={source} value={source}>
              {t(`data.sources.${source}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
