import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { InstantRun } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { useManifest } from "../../registry/useManifest";
import { useModels } from "../../registry/useModels";
import type { FactTable } from "../facts/table";
import css from "./HealthTab.module.css";

interface TrainingViewsProps {
  name: string;
  table: FactTable;
  revision: number;
  run: InstantRun | null;
}

/** The packaged model, on which every instant training builds. */
const TRUNK = "starter";
/** Images that stand beside each other in the table are not alike, but a step shows all classes. */
const STEP = 7;

/** What a training sees of an image: the centre, in the model's size, and its mirror image. */
export function TrainingViews({ name, table, revision, run }: TrainingViewsProps) {
  const { t } = useTranslation();
  const api = useApi();
  const { data: models } = useModels();
  const trained =
    run?.model_version == null ? null : { name: run.model, version: run.model_version };
  const input = useManifest(trained ?? models?.items.find((model) => model.name === TRUNK)).data
    ?.input;
  const [at, setAt] = useState(0);
  const { ready } = useMemo(() => ({ revision, ready: trainable(table) }), [table, revision]);
  const row = ready[at % Math.max(ready.length, 1)];
  const hash = row === undefined ? "" : table.hash(row);
  const image = useQuery({
    queryKey: ["dataset-image", name, hash],
    queryFn: ({ signal }) => api.datasetImage(name, hash, signal),
    enabled: hash !== "",
    staleTime: 10 * 60_000, // its URL is good for 15 minutes
  });
  const url = image.data?.url;
  if (input === undefined || url == null) return null;
  const side = `${(input.resize / input.size) * 100}%`;
  const views = [
    { id: "whole", style: undefined, className: css.whole },
    { id: "centre", style: { width: side, height: side }, className: css.seen },
    {
      id: "mirrored",
      style: { width: side, height: side, transform: "translate(-50%, -50%) scaleX(-1)" },
      className: css.seen,
    },
  ] as const;
  return (
    <section className="card panel" aria-labelledby="views-title" data-testid="training-views">
      <div>
        <h2 id="views-title">{t("data.trainingViews")}</h2>
        <p className="muted small">
          {t("data.trainingViewsText", { resize: input.resize, size: input.size })}
        </p>
      </div>
      <div className={css.views}>
        {views.map(({ id, style, className }) => (
          <figure key={id} className={css.figure}>
            <span className={css.frame}>
              <img src={url} alt={t(`data.views3.${id}`)} className={className} style={style} />
            </span>
            <figcaption className="small">{t(`data.views3.${id}`)}</figcaption>
          </figure>
        ))}
      </div>
      <div>
        <button
          type="button"
          className="button small"
          onClick={() => {
            setAt(at + STEP);
          }}
          data-testid="another-image"
        >
          {t("data.anotherImage")}
        </button>
      </div>
    </section>
  );
}

function trainable(table: FactTable): number[] {
  return Array.from({ length: table.size }, (_, row) => row).filter(
    (row) => table.state(row) === "ready" && !table.removed(row) && table.label(row) !== null,
  );
}
