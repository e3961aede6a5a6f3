import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Dataset } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { dateTime, fileSize, whole } from "../../i18n/format";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";
import { labelText } from "../classes/names";
import { type FactTable, type Part, PARTS } from "../facts/table";
import { authorText } from "../loop/author";
import css from "./ImageDialog.module.css";

interface ImageDialogProps {
  dataset: Dataset;
  table: FactTable;
  row: number;
  /** `null`: the caller may not change anything. */
  onMove: ((part: Part | null, rows: readonly number[]) => void) | null;
  onClose: () => void;
}

/** One image in full, with what is known of it. */
export function ImageDialog({ dataset, table, row, onMove, onClose }: ImageDialogProps) {
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
  const part = table.part(row);
  const together = table.withLookAlikes([row]);
  const others = together.length - 1;
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
          <dt id="image-part">{t("data.part")}</dt>
          <dd>
            {onMove === null ? (
              t(`data.parts.${part ?? "auto"}`)
            ) : (
              <select
                className="input"
                aria-labelledby="image-part"
                aria-describedby={others > 0 ? "image-part-hint" : undefined}
                value={part ?? ""}
                onChange={({ target }) => {
                  onMove(PARTS.find((known) => known === target.value) ?? null, together);
                }}
                data-testid="image-part"
              >
                <option value="">{t("data.parts.auto")}</option>
                {PARTS.map((known) => (
                  <option key={known} value={known}>
                    {t(`data.parts.${known}`)}
                  </option>
                ))}
              </select>
            )}
            {onMove !== null && others > 0 && (
              <p id="image-part-hint" className="muted small">
                {t("data.moveWith", { n: whole(others, language) })}
              </p>
            )}
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
            {t("data.addedBy", {
              time: dateTime(facts.added_at, language),
              by: authorText(t, facts.added_by),
            })}
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
