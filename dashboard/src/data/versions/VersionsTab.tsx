import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { dateTime, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { Missing } from "../../ui/notice/Missing";
import { PageSkeleton } from "../../ui/notice/PageSkeleton";
import { FaultContext, faultOf } from "../../ui/fault/fault";
import { FaultInput } from "../../ui/fault/FaultInput";
import { Problem } from "../../ui/notice/Problem";
import { authorText } from "../loop/author";
import { VersionPanel } from "./VersionPanel";
import css from "./VersionsTab.module.css";

/** What the dataset held at some times; a training uses one of them. */
export function VersionsTab({ dataset: { name } }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const may = useMay();
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const [open, setOpen] = useState<number | null>(null);
  const versions = useQuery({
    queryKey: ["versions", name],
    queryFn: ({ signal }) => api.versions(name, signal),
  });
  const freeze = useMutation({
    mutationFn: () => api.freeze(name, note.trim() || null),
    onSuccess: ({ number }) => {
      setNote("");
      setOpen(number);
      void queries.invalidateQueries({ queryKey: ["versions", name] });
    },
  });
  return (
    <div className="stack">
      <section className="card panel" aria-labelledby="versions-title">
        <div>
          <h2 id="versions-title">{t("data.tabs.versions")}</h2>
          <p className="muted small">{t("data.versionsText")}</p>
        </div>
        {may("POST /datasets/{name}/versions") && (
          <FaultContext value={faultOf(freeze.error)}>
            <form
              className={css.freeze}
              onSubmit={(event) => {
                event.preventDefault();
                freeze.mutate();
              }}
            >
              <label className="field">
                <span className="field-name">{t("data.note")}</span>
                <FaultInput
                  field="note"
                  value={note}
                  maxLength={200}
                  onChange={({ target }) => {
                    setNote(target.value);
                  }}
                  data-testid="freeze-note"
                />
              </label>
              <button
                type="submit"
                className="button"
                disabled={freeze.isPending}
                data-testid="freeze"
              >
                {t("data.freeze")}
              </button>
            </form>
          </FaultContext>
        )}
        {freeze.error && <Problem error={freeze.error} />}
        {versions.error ? (
          <Missing
            error={versions.error}
            route="GET /datasets/{name}/versions"
            onRetry={() => void versions.refetch()}
          />
        ) : versions.data === undefined ? (
          <PageSkeleton />
        ) : versions.data.length === 0 ? (
          <p className="muted" data-testid="versions-empty">
            {t("data.noVersions")}
          </p>
        ) : (
          <DataTable
            columns={[
              { name: t("data.version") },
              { name: t("data.created") },
              { name: t("data.by") },
              { name: t("data.imageCount"), end: true },
              { name: t("data.classes"), end: true },
              { name: t("data.note") },
            ]}
            labelledBy="versions-title"
            testId="dataset-versions"
          >
            {versions.data.map((version) => (
              <tr key={version.number}>
                <th scope="row">
                  <button
                    type="button"
                    className="button small"
                    aria-expanded={version.number === open}
                    onClick={() => {
                      setOpen(version.number === open ? null : version.number);
                    }}
                    data-testid="version-open"
                  >
                    {version.number}
                  </button>
                </th>
                <td className="numeric">{dateTime(version.created_at, language)}</td>
                <td>{authorText(t, version.created_by)}</td>
                <td className="end">{whole(version.images, language)}</td>
                <td className="end">{whole(version.classes.length, language)}</td>
                <td>{version.note ?? "–"}</td>
              </tr>
            ))}
          </DataTable>
        )}
      </section>
      {open !== null && (
        <VersionPanel
          key={open}
          name={name}
          number={open}
          others={(versions.data ?? []).map(({ number }) => number).filter((n) => n !== open)}
        />
      )}
    </div>
  );
}
