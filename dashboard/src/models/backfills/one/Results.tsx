import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Backfill } from "visionflow-client";

import { CopyText } from "../../../ui/CopyText";
import css from "./BackfillPanel.module.css";

/** Where the Parquet files are, and how Athena is asked about them. */
export function Results({ results }: { results: NonNullable<Backfill["results"]> }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  return (
    <section className={css.part} aria-labelledby="results-title" data-testid="backfill-results">
      <h3 id="results-title">{t("backfills.results")}</h3>
      <CopyText name={t("backfills.location")} text={results.location} testId="results-location" />
      <p className="small">
        <span className="muted">{t("backfills.table")}</span>{" "}
        <code>{`${results.database}.${results.table}`}</code>
      </p>
      <p className="field-name">{t("backfills.query")}</p>
      <pre className={css.query} tabIndex={0} role="group" aria-label={t("backfills.query")}>
        {results.query}
      </pre>
      <div>
        <button
          type="button"
          className="button small"
          onClick={() => {
            void navigator.clipboard.writeText(results.query).then(() => {
              setCopied(true);
            });
          }}
          data-testid="copy-query"
        >
          <span role="status">{t(isCopied ? "app.copied" : "backfills.copyQuery")}</span>
        </button>
      </div>
    </section>
  );
}
