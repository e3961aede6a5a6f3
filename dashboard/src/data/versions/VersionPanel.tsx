import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { modelKey, modelParams } from "../../registry/chosen";
import { DownloadIcon } from "../../ui/icons";
import { PageSkeleton } from "../../ui/notice/PageSkeleton";
import { Problem } from "../../ui/notice/Problem";
import { useMore } from "../../ui/useMore";
import { ExportPanel } from "./export/ExportPanel";

interface VersionPanelProps {
  name: string;
  number: number;
  /** What it can be compared with, the latest first. */
  others: readonly number[];
}

const STEP = 20;

/** One version: what it made, its manifest to take along, and what differs from another one. */
export function VersionPanel({ name, number, others }: VersionPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const before = others.find((other) => other < number) ?? others[0] ?? null;
  const [chosen, setChosen] = useState<number | null>(null);
  const from = chosen ?? before;
  const version = useQuery({
    queryKey: ["version", name, number],
    queryFn: ({ signal }) => api.version(name, number, signal),
  });
  const [old, recent] = [Math.min(from ?? number, number), Math.max(from ?? number, number)];
  const diff = useQuery({
    queryKey: ["diff", name, old, recent],
    queryFn: ({ signal }) => api.versionDiff(name, old, recent, signal),
    enabled: from !== null,
    staleTime: Infinity, // versions never change
  });
  const [relabelled, more] = useMore(diff.data?.relabelled ?? [], STEP);
  const n = (value: number) => whole(value, language);
  return (
    <section className="card panel" aria-labelledby="version-title" data-testid="version">
      <h2 id="version-title">{t("data.versionTitle", { number })}</h2>
      {version.error && <Problem error={version.error} onRetry={() => void version.refetch()} />}
      {version.isPending && <PageSkeleton />}
      {version.data && (
        <>
          <dl className="facts">
            <dt>SHA-256</dt>
            <dd>
              <code>{version.data.version.sha256}</code>
            </dd>
            <dt>{t("data.madeModels")}</dt>
            <dd>
              {version.data.models.length === 0
                ? "–"
                : version.data.models.map((model) => (
                    <Link
                      key={modelKey(model)}
                      to={`/models?${new URLSearchParams(modelParams(model)).toString()}`}
                    >
                      {modelKey(model)}{" "}
                    </Link>
                  ))}
            </dd>
          </dl>
          <ExportPanel version={version.data.version} />
          <div>
            <a
              className="button small"
              href={version.data.url}
              download={`${name}-${number}.jsonl.gz`}
              data-testid="manifest"
            >
              <DownloadIcon />
              {t("data.manifest")}
            </a>
          </div>
        </>
      )}
      {from !== null && (
        <>
          <label className="field">
            <span className="field-name">{t("data.compareWith")}</span>
            <select
              className="input"
              value={from}
              onChange={({ target }) => {
                setChosen(Number(target.value));
              }}
              data-testid="diff-from"
            >
              {others.map((other) => (
                <option key={other} value={other}>
                  {t("data.versionTitle", { number: other })}
                </option>
              ))}
            </select>
          </label>
          {diff.error && <Problem error={diff.error} onRetry={() => void diff.refetch()} />}
          {diff.data && (
            <div role="status" data-testid="diff">
              <p>
                {t("data.diff", {
                  old,
                  recent,
                  added: n(diff.data.counts.added),
                  removed: n(diff.data.counts.removed),
                  relabelled: n(diff.data.counts.relabelled),
                })}
              </p>
              <ul className="plain-list small">
                {relabelled.map((image) => (
                  <li key={image.sha256}>
                    <code>{image.sha256.slice(0, 12)}</code>: {image.old} → {image.new}
                  </li>
                ))}
              </ul>
              {more}
            </div>
          )}
        </>
      )}
    </section>
  );
}
