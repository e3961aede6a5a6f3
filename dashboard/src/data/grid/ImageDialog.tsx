import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useApi } from "../../api/ApiContext";
import type { Dataset } from "../../api/datasets";
import { useLanguage } from "../../i18n";
import { dateTime, fileSize } from "../../i18n/format";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";
import { labelText } from "../classes/names";
import type { FactTable } from "../facts/table";
import css from "./ImageDialog.module.css";

interface ImageDialogProps {
  dataset: Dataset;
  table: FactTable;
  row: number;
  onClose: () => void;
}

/** One image in full, with what is known of it. */
export function ImageDialog({ dataset, table, row, onClose }: ImageDialogProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const hash = table.hash(row);
  const image = useQuery({
    queryKey: ["dataset-image", dataset.name, hash],
    queryFn: ({ signal }) => api.datasetImage(dataset.name, hash, signal),
    staleTime: 10 * 60_000, // its URL is good for 15 minutes
  });
  const facts = image.data?.image;
  const label = table.label(row);
  const title = table.fileName(row) ?? hash.slice(0, 12);
  return (
    <Modal title={title} onClose={onClose} testId="dataset-image">
      {image.error && <Problem error={image.error} />}
      <div className={css.stage}>
        {image.data?.url && <img className={css.image} src={image.data.url} alt={title} />}
      </div>
      {facts && (
        <dl className="facts">
          <dt>{t("data.class")}</dt>
          <dd>
            {label === null ? t("data.unlabelled") : labelText(label, dataset.classes, language)}
          </dd>
          <dt>{t("data.size")}</dt>
          <dd>
            {facts.width !== null &&
              facts.height !== null &&
              `${t("record.pixels", { width: facts.width, height: facts.height })}, `}
            {fileSize(facts.bytes, language)}
          </dd>
          <dt>{t("data.source")}</dt>
          <dd>
            <Source source={facts.source} />
          </dd>
          <dt>{t("data.added")}</dt>
          <dd>
            {t("data.addedBy", { time: dateTime(facts.added_at, language), by: facts.added_by })}
          </dd>
          <dt>SHA-256</dt>
          <dd>
            <code>{hash}</code>
          </dd>
        </dl>
      )}
    </Modal>
  );
}

/** As `visionflow/datasets/names.py`. */
const COPIED = "prediction:";

/** Where an image came from; the record, for a copy of its image. */
function Source({ source }: { source: string }) {
  if (!source.startsWith(COPIED)) return source;
  const record = encodeURIComponent(source.slice(COPIED.length));
  return (
    <Link to={`/history?record=${record}`} data-testid="source-record">
      {source}
    </Link>
  );
}
