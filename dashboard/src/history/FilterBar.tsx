import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type LogEntry, type ModelName, modelRef, readRef } from "visionflow-client";

import type { Filters } from "../records/feed/feed";
import { VERDICTS } from "../records/feedback/verdict";
import { ORIGINS } from "../records/origin/origin";
import { modelKey } from "../registry/chosen";
import { useLabelChoices, useServedChoices } from "../registry/useLabels";
import { useModels } from "../registry/useModels";
import { Combobox } from "../ui/combobox/Combobox";
import { MomentField } from "../ui/MomentField";
import { FileNameFilter } from "./FileNameFilter";
import css from "./FilterBar.module.css";
import { filterEntries, readFilters, SOURCES, STATUSES } from "./useHistoryParams";

interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
  rows: readonly LogEntry[];
}

/** `undefined` removes a filter. */
type Changes = { [Name in keyof Filters]?: Filters[Name] | undefined };

const PERCENT_STEPS = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99];

export function FilterBar({ filters, onChange, rows }: FilterBarProps) {
  const { t } = useTranslation();
  const labels = useLabels(filters, rows);
  const models = useVersions(filters.model, rows);
  const set = (changes: Changes) => {
    onChange(readFilters(new URLSearchParams(filterEntries({ ...filters, ...changes }))));
  };

  return (
    <div className={css.bar}>
      <Combobox
        name={t("history.label")}
        choices={labels}
        value={filters.label ?? null}
        onChange={(label) => {
          set({ label: label ?? undefined });
        }}
        placeholder={t("history.anyLabel")}
        testId="filter-label"
      />
      <Choice
        name={t("history.status")}
        any={t("history.anyStatus")}
        value={filters.status}
        onChange={(value) => {
          set({ status: STATUSES.find((known) => known === value) });
        }}
        testId="filter-status"
      >
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {status === "unknown" ? t("history.unknownBoth") : t(`status.${status}`)}
          </option>
        ))}
      </Choice>
      <Choice
        name={t("history.source")}
        any={t("history.anySource")}
        value={filters.source}
        onChange={(value) => {
          set({ source: SOURCES.find((known) => known === value) });
        }}
        testId="filter-source"
      >
        {SOURCES.map((source) => (
          <option key={source} value={source}>
            {t(`source.${source}`)}
          </option>
        ))}
      </Choice>
      <Choice
        name={t("origin.title")}
        any={t("origin.any")}
        value={filters.origin}
        onChange={(value) => {
          set({ origin: ORIGINS.find((known) => known === value) });
        }}
        testId="filter-origin"
      >
        {ORIGINS.map((origin) => (
          <option key={origin} value={origin}>
            {t(`origin.${origin}`)}
          </option>
        ))}
      </Choice>
      <Choice
        name={t("history.feedback")}
        any={t("history.anyFeedback")}
        value={filters.feedback}
        onChange={(value) => {
          set({ feedback: VERDICTS.find((known) => known === value) });
        }}
        testId="filter-feedback"
      >
        {VERDICTS.map((verdict) => (
          <option key={verdict} value={verdict}>
            {t(`history.verdicts.${verdict}`)}
          </option>
        ))}
      </Choice>
      <Choice
        name={t("history.version")}
        any={t("history.anyVersion")}
        value={filters.model}
        onChange={(model) => {
          set({ model });
        }}
        testId="filter-version"
      >
        {models.map((model) => (
          <option key={modelRef(model)} value={modelRef(model)}>
            {modelKey(model)}
          </option>
        ))}
      </Choice>
      <FileNameFilter
        value={filters.filename ?? ""}
        onChange={(filename) => {
          set({ filename: filename === "" ? undefined : filename });
        }}
      />
      <MomentField
        name={t("history.from")}
        value={filters.from}
        onChange={(from) => {
          set({ from });
        }}
        testId="filter-from"
      />
      <MomentField
        name={t("history.to")}
        value={filters.to}
        onChange={(to) => {
          set({ to });
        }}
        testId="filter-to"
      />
      <Confidence
        name={t("history.atLeast")}
        value={filters.min}
        onChange={(min) => {
          set({ min });
        }}
        testId="filter-min"
      />
      <Confidence
        name={t("history.atMost")}
        value={filters.max}
        onChange={(max) => {
          set({ max });
        }}
        testId="filter-max"
      />
      <button
        type="button"
        className={`button ${css.clear}`}
        disabled={filterEntries(filters).length === 0}
        onClick={() => {
          onChange({});
        }}
        data-testid="filter-clear"
      >
        {t("history.clear")}
      </button>
    </div>
  );
}

interface ChoiceProps {
  name: string;
  any: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  testId: string;
  children: ReactNode;
}

function Choice({ name, any, value = "", onChange, testId, children }: ChoiceProps) {
  return (
    <label className="field">
      <span className="field-name">{name}</span>
      <select
        className="input"
        value={value}
        onChange={({ target }) => {
          onChange(target.value === "" ? undefined : target.value);
        }}
        data-testid={testId}
      >
        <option value="">{any}</option>
        {children}
      </select>
    </label>
  );
}

interface ConfidenceProps {
  name: string;
  /** A share, 0..1. */
  value: number | undefined;
  onChange: (value: number | undefined) => void;
  testId: string;
}

function Confidence({ name, value, onChange, testId }: ConfidenceProps) {
  const { t } = useTranslation();
  const asked = value === undefined ? [] : [Math.round(value * 100)];
  const steps = [...new Set([...PERCENT_STEPS, ...asked])].sort((a, b) => a - b);
  return (
    <Choice
      name={name}
      any={t("history.anyConfidence")}
      value={value === undefined ? undefined : String(Math.round(value * 100))}
      onChange={(percent) => {
        onChange(percent === undefined ? undefined : Number(percent) / 100);
      }}
      testId={testId}
    >
      {steps.map((step) => (
        <option key={step} value={step}>
          {step}%
        </option>
      ))}
    </Choice>
  );
}

/**
 * What the listed records can be called: the labels of the versions that answered them, and of the
 * version that is asked for. Those of the version in service say nothing about older records.
 */
function useLabels({ model: asked, label }: Filters, rows: readonly LogEntry[]) {
  const chosen = readRef(asked);
  const others = [...new Set([label, ...rows.map((row) => row.label)])];
  const answered = useLabelChoices(chosen ? [chosen] : rows.map(({ model }) => model), others);
  const served = useServedChoices(others);
  return chosen || rows.length > 0 ? answered : served;
}

/** The versions of the registry, and those that the list itself shows. */
function useVersions(chosen: string | undefined, rows: readonly LogEntry[]): ModelName[] {
  const models = useModels();
  const found = [...(models.data?.items ?? []), ...rows.map(({ model }) => model)];
  const known = new Map(found.flatMap((model) => (model ? [[modelRef(model), model]] : [])));
  const asked = readRef(chosen);
  if (asked) known.set(modelRef(asked), asked);
  return [...known.values()].sort(
    (a, b) =>
      a.name.localeCompare(b.name) ||
      b.version.localeCompare(a.version, undefined, { numeric: true }),
  );
}
