import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import type { Filters } from "../../records/feed/feed";
import { download } from "../../ui/download";
import { DownloadIcon } from "../../ui/icons";
import { Problem } from "../../ui/notice/Problem";
import { type Format, readAll, toCsv, toJson } from "./export";
import css from "./ExportMenu.module.css";

const FORMATS = {
  csv: { type: "text/csv", write: toCsv },
  json: { type: "application/json", write: toJson },
};

/** Exports all rows that match the filters, not only the loaded ones. */
export function ExportMenu({ filters }: { filters: Filters }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const running = useRef<AbortController | null>(null);
  const [count, setCount] = useState(0);
  const write = useMutation({
    mutationFn: async (format: Format) => {
      const abort = new AbortController();
      running.current = abort;
      setCount(0);
      const rows = await readAll(api, filters, setCount, abort.signal);
      const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
      const { type, write } = FORMATS[format];
      download(write(rows), type, `visionflow-${time}.${format}`);
    },
  });
  useEffect(() => () => running.current?.abort(), []);

  if (write.isPending) {
    return (
      <div className="row">
        <p className="muted small numeric" role="status">
          {t("history.exporting", { rows: whole(count, language) })}
        </p>
        <button type="button" className="button small" onClick={() => running.current?.abort()}>
          {t("app.cancel")}
        </button>
      </div>
    );
  }
  const failed = write.error !== null && write.error.name !== "AbortError"; // stopped on request
  return (
    <div className={css.menu}>
      {(["csv", "json"] as const).map((format) => (
        <button
          key={format}
          type="button"
          className="button small"
          title={t("history.exportHint")}
          onClick={() => {
            write.mutate(format);
          }}
          data-testid={`export-${format}`}
        >
          <DownloadIcon />
          {format.toUpperCase()}
        </button>
      ))}
      {failed && <Problem error={write.error} />}
    </div>
  );
}
