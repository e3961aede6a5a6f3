import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Dataset } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { addDataTexts } from "../../i18n/data/texts";
import { whole } from "../../i18n/format";
import { Combobox } from "../../ui/combobox/Combobox";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { DataIcon } from "../../ui/icons";
import { Missing } from "../../ui/notice/Missing";
import { Notice } from "../../ui/notice/Notice";
import { PageSkeleton } from "../../ui/notice/PageSkeleton";
import { Problem } from "../../ui/notice/Problem";
import { foreign, suggested, type Taken } from "./labels";
import { lastDataset, rememberDataset } from "./lastDataset";

interface TakeDialogProps {
  records: readonly Taken[];
  onClose: () => void;
}

/** Asks which dataset, and which of its classes. */
export default function TakeDialog({ records, onClose }: TakeDialogProps) {
  const { t, i18n } = useTranslation();
  useState(() => {
    addDataTexts(i18n);
  });
  const api = useApi();
  const datasets = useQuery({
    queryKey: ["datasets"],
    queryFn: ({ signal }) => api.datasets(signal),
  });
  const [first] = datasets.data ?? [];
  return (
    <Modal title={t("record.addToDataset")} onClose={onClose} testId="take">
      {datasets.error ? (
        <Missing
          error={datasets.error}
          route="GET /datasets"
          onRetry={() => void datasets.refetch()}
        />
      ) : datasets.isPending ? (
        <PageSkeleton />
      ) : first ? (
        <TakeForm datasets={datasets.data} first={first} records={records} onClose={onClose} />
      ) : (
        <Notice icon={<DataIcon />} title={t("data.empty")} testId="take-empty">
          <Link to="/data">{t("data.create")}</Link>
        </Notice>
      )}
    </Modal>
  );
}

interface TakeFormProps extends TakeDialogProps {
  datasets: readonly Dataset[];
  first: Dataset;
}

function TakeForm({ datasets, first, records, onClose }: TakeFormProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const queries = useQueryClient();
  const [name, setName] = useState(lastDataset);
  const dataset = datasets.find((one) => one.name === name) ?? first;
  /** `undefined` until somebody chooses. */
  const [chosen, setChosen] = useState<string | null>();
  const label = chosen === undefined ? suggested(dataset, records) : chosen;
  const unknown = label === null ? foreign(dataset, records) : [];
  const take = useMutation({
    mutationFn: () =>
      api.takePredictions(
        dataset.name,
        records.map(({ id }) => id),
        label,
      ),
    onSuccess: () => {
      rememberDataset(dataset.name);
      void queries.invalidateQueries({ queryKey: ["dataset", dataset.name] });
    },
  });
  return (
    <>
      <label className="field">
        <span className="field-name">{t("data.take.dataset")}</span>
        <select
          className="input"
          value={dataset.name}
          onChange={({ target }) => {
            setName(target.value);
            setChosen(undefined);
            take.reset();
          }}
          data-testid="take-dataset"
        >
          {datasets.map((one) => (
            <option key={one.name}>{one.name}</option>
          ))}
        </select>
      </label>
      <Combobox
        name={t("data.class")}
        choices={dataset.classes}
        value={label}
        onChange={(next) => {
          setChosen(next);
          take.reset();
        }}
        placeholder={t("data.take.noLabel")}
        testId="take-class"
      />
      {unknown.length > 0 && (
        <p className="small error-text" role="alert" data-testid="take-foreign">
          {t("data.take.foreign", { labels: unknown.join(", ") })}
        </p>
      )}
      {take.error && <Problem error={take.error} />}
      <p className="small" role="status" data-testid="take-result">
        {take.data &&
          t("data.take.result", {
            added: whole(take.data.added, language),
            known: whole(take.data.known, language),
            missing: whole(take.data.missing, language),
          })}
      </p>
      <p className="small">
        <Link to={`/data?dataset=${dataset.name}`} data-testid="take-open">
          {t("data.take.open", { name: dataset.name })}
        </Link>
      </p>
      <DialogButtons
        confirm={t("data.take.add")}
        tone="primary"
        isPending={take.isPending || take.isSuccess || unknown.length > 0}
        onCancel={onClose}
        onConfirm={() => {
          take.mutate();
        }}
        testId="take-confirm"
      />
    </>
  );
}
