import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DatasetVersion } from "visionflow-client";

import { useApi } from "../../../api/ApiContext";
import { useLanguage } from "../../../i18n";
import { fileSize, whole } from "../../../i18n/format";
import { DownloadIcon } from "../../../ui/icons";
import { Problem } from "../../../ui/notice/Problem";
import type { ZipExport } from "./exports";
import { canStream, MOST_IN_MEMORY, openSink } from "./sink";

const TYPES = { csv: "text/csv", jsonl: "application/x-ndjson", zip: "application/zip" };
type Format = keyof typeof TYPES;

/** A zip that did not fit into one file. */
interface Rest {
  zip: ZipExport;
  file: number;
}

/** Takes a version along: its table, its manifest, or its images in folders of classes. */
export function ExportPanel({ version }: { version: DatasetVersion }) {
  const { dataset, number, images } = version;
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const running = useRef<AbortController | null>(null);
  const [count, setCount] = useState(0);
  const [erased, setErased] = useState(0);
  const [rest, setRest] = useState<Rest | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const write = useMutation({
    mutationFn: async ({ format, next }: { format: Format; next: Rest | null }) => {
      const file = next?.file ?? 1;
      const suffix = file > 1 ? `-${file}` : "";
      // The click opens the dialog of the browser; after a request it would be too late.
      const sink = await openSink(`${dataset}-${number}${suffix}.${format}`, TYPES[format]);
      const abort = new AbortController();
      running.current = abort;
      if (next === null) setCount(0);
      try {
        const { readManifest } = await import("./manifest");
        const { readNames, writeLines, ZipExport } = await import("./exports");
        const manifest = async () => {
          const { url } = await api.version(dataset, number, abort.signal);
          return readManifest(url, abort.signal);
        };
        if (format === "zip") {
          const zip = next?.zip ?? new ZipExport(api, dataset, await manifest());
          const isMore = await zip.write(sink, setCount, abort.signal);
          setErased(zip.erased);
          setRest(isMore ? { zip, file: file + 1 } : null);
        } else {
          const nameOf = await readNames(api, dataset, abort.signal);
          const gone = await writeLines(format, await manifest(), nameOf, sink, (done) => {
            abort.signal.throwIfAborted();
            setCount(done);
          });
          setErased(gone);
        }
        await sink.close();
      } catch (cause) {
        await sink.abort();
        setRest(null);
        throw cause;
      }
    },
  });

  if (write.isPending) {
    return (
      <div className="row" data-testid="exporting">
        <p className="muted small numeric" role="status">
          {t("data.exporting", { done: whole(count, language), total: whole(images, language) })}
        </p>
        <button
          type="button"
          className="button small"
          onClick={() => running.current?.abort()}
          data-testid="export-cancel"
        >
          {t("app.cancel")}
        </button>
      </div>
    );
  }
  const failed = write.error !== null && write.error.name !== "AbortError"; // stopped on request
  return (
    <div className="field" role="group" aria-labelledby="export-title">
      <h3 id="export-title">{t("data.export")}</h3>
      <div className="row">
        {(["csv", "jsonl", "zip"] as const).map((format) => (
          <button
            key={format}
            type="button"
            className="button small"
            onClick={() => {
              write.mutate({ format, next: null });
            }}
            data-testid={`export-${format}`}
          >
            <DownloadIcon />
            {t(`data.exports.${format}`)}
          </button>
        ))}
      </div>
      <p className="muted small">
        {t("data.exportText")}
        {!canStream() && ` ${t("data.exportMemory", { size: fileSize(MOST_IN_MEMORY, language) })}`}
      </p>
      {rest !== null && (
        <div className="row" role="status">
          <p className="small">{t("data.exportMore", { done: whole(count, language) })}</p>
          <button
            type="button"
            className="button small"
            onClick={() => {
              write.mutate({ format: "zip", next: rest });
            }}
            data-testid="export-next"
          >
            {t("data.exportNext", { file: rest.file })}
          </button>
        </div>
      )}
      {write.isSuccess && rest === null && (
        <p className="small" role="status" data-testid="exported">
          {t("data.exported", { n: whole(count, language) })}
          {erased > 0 && ` ${t("data.exportErased", { n: whole(erased, language) })}`}
        </p>
      )}
      {failed && <Problem error={write.error} />}
    </div>
  );
}
