import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMay, useMe } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { dateOf, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { DataIcon } from "../../ui/icons";
import { Missing } from "../../ui/notice/Missing";
import { MissingScope } from "../../ui/notice/MissingScope";
import { Notice } from "../../ui/notice/Notice";
import { PageSkeleton } from "../../ui/notice/PageSkeleton";
import { className } from "../classes/names";
import { CreateDataset } from "./CreateDataset";
import css from "./DatasetList.module.css";

const SHOWN_CLASSES = 6;

export function DatasetList() {
  const { t } = useTranslation();
  const api = useApi();
  const may = useMay();
  const datasets = useQuery({
    queryKey: ["datasets"],
    queryFn: ({ signal }) => api.datasets(signal),
  });
  return (
    <>
      <div className="page-heading">
        <div>
          <h1>{t("data.title")}</h1>
          <p className="muted">{t("data.intro")}</p>
        </div>
      </div>
      <div className={css.columns}>
        {datasets.error ? (
          <Missing
            error={datasets.error}
            route="GET /datasets"
            onRetry={() => void datasets.refetch()}
          />
        ) : datasets.data ? (
          <section className="card panel" aria-labelledby="datasets-title">
            <h2 id="datasets-title">{t("data.list")}</h2>
            {datasets.data.length === 0 ? (
              <Notice icon={<DataIcon />} title={t("data.empty")} testId="datasets-empty">
                <p>{t("data.emptyText")}</p>
              </Notice>
            ) : (
              <Datasets items={datasets.data} />
            )}
          </section>
        ) : (
          <PageSkeleton />
        )}
        {may("POST /datasets") ? (
          <CreateDataset taken={datasets.data?.map(({ name }) => name) ?? []} />
        ) : (
          <NotYours />
        )}
      </div>
    </>
  );
}

type Items = Awaited<ReturnType<ReturnType<typeof useApi>["datasets"]>>;

function Datasets({ items }: { items: Items }) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <DataTable
      columns={[{ name: t("data.name") }, { name: t("data.classes") }, { name: t("data.created") }]}
      labelledBy="datasets-title"
      testId="datasets"
    >
      {items.map(({ name, classes, created_at }) => (
        <tr key={name}>
          <th scope="row">
            <Link to={{ search: `?dataset=${name}` }} data-testid="dataset-link">
              {name}
            </Link>
          </th>
          <td>
            {classes.length === 0
              ? "–"
              : classes
                  .slice(0, SHOWN_CLASSES)
                  .map((known) => className(known, language))
                  .join(", ")}
            {classes.length > SHOWN_CLASSES &&
              ` ${t("data.moreClasses", { n: whole(classes.length - SHOWN_CLASSES, language) })}`}
          </td>
          <td className="numeric">{dateOf(created_at, language)}</td>
        </tr>
      ))}
    </DataTable>
  );
}

function NotYours() {
  const { t } = useTranslation();
  if (useMe() === undefined) return <PageSkeleton />;
  return (
    <section className="card panel" data-testid="data-read-only">
      <h2>{t("data.create")}</h2>
      <p>{t("data.readOnly")}</p>
      <MissingScope route="POST /datasets" />
    </section>
  );
}
