import { useTranslation } from "react-i18next";

import { useLanguage } from "../../../i18n";
import { dateOf } from "../../../i18n/format";
import type { Ancestor, ClassChange } from "./growth";
import css from "./GrowthField.module.css";
import { Select } from "./Select";

interface GrowthFieldProps {
  ancestors: readonly Ancestor[];
  chosen: Ancestor | undefined;
  change: ClassChange | null;
  onChange: (ancestor: Ancestor | undefined) => void;
}

/** Add classes to a version instead of training a new one, and what that means. */
export function GrowthField({ ancestors, chosen, change, onChange }: GrowthFieldProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const named = (id: string) => {
    const job = ancestors.find((known) => known.id === id);
    return job
      ? `${job.model.name} ${job.model.version} · ${dateOf(job.created_at, language)}`
      : id;
  };
  return (
    <div className={css.growth} data-testid="growth">
      <Select
        name={t("training.growFrom")}
        value={chosen?.id ?? ""}
        none={t("training.growNone")}
        options={ancestors.map(({ id }) => id)}
        show={named}
        onChange={(id) => {
          onChange(ancestors.find((job) => job.id === id));
        }}
        testId="job-grow-from"
        field="grow_from"
      />
      {chosen ? (
        <p className="muted small">{t("training.growText")}</p>
      ) : (
        <p className="muted small">
          {t(ancestors.length > 0 ? "training.growHint" : "training.growNobody")}
        </p>
      )}
      {chosen && change && <Classes change={change} />}
    </div>
  );
}

function Classes({ change: { added, missing } }: { change: ClassChange }) {
  const { t } = useTranslation();
  if (missing.length > 0) {
    return (
      <p className="error-text small" role="status">
        {t("training.growMissing", { classes: missing.join(", ") })}
      </p>
    );
  }
  return (
    <p className="small" role="status">
      {added.length > 0
        ? t("training.growAdds", { classes: added.join(", ") })
        : t("training.growAddsNone")}
    </p>
  );
}
