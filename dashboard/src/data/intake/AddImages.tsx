import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Dataset, imageFormats } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { rememberDataset } from "../../records/dataset/lastDataset";
import { Combobox } from "../../ui/combobox/Combobox";
import { useOverlay } from "../../ui/dialog/useOverlay";
import { CameraIcon } from "../../ui/icons";
import { FileButton } from "../../ui/intake/FileButton";
import { useFileArrival } from "../../ui/intake/useFileArrival";
import { FailureText } from "../../ui/notice/FailureText";
import type { Workbench } from "../facts/workbench";
import css from "./AddImages.module.css";
import { type Arrival, fromDrop, fromInput } from "./arrivals";
import { CameraBurst } from "./CameraBurst";
import type { LabelRow } from "./formats/labelTable";
import { FormatError } from "./formats/rows";
import { IntakeError, takeIn } from "./intake";
import { UploadProgress } from "./UploadProgress";
import { useUploads } from "./useUploads";

/** Every way that images come into a dataset from a browser. */
export function AddImages({ dataset, bench }: { dataset: Dataset; bench: Workbench }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const queries = useQueryClient();
  const { uploads, progress } = useUploads(dataset.name);
  const camera = useOverlay("camera");
  const [label, setLabel] = useState<string | null>(null);
  const [problem, setProblem] = useState<ReactNode>(null);
  const [relabelled, setRelabelled] = useState<number | null>(null);

  const add = async (arrivals: readonly Arrival[]) => {
    setProblem(null);
    setRelabelled(null);
    try {
      const rows = await takeIn(arrivals, label, uploads);
      if (rows.size > 0) await relabel(rows);
    } catch (cause) {
      setProblem(problemText(cause));
    }
  };
  /** A table that came without images is about those that are here. */
  const relabel = async (rows: ReadonlyMap<string, LabelRow>) => {
    const known = new Set(dataset.classes.map(({ name }) => name));
    const here = [...rows].flatMap(([hash, row]) => {
      const at = bench.table.row(hash);
      return at === undefined ? [] : [{ at, row }];
    });
    for (const name of new Set(here.flatMap(({ row }) => row.label ?? []))) {
      if (!known.has(name)) await api.changeClass(dataset.name, { action: "add", name });
    }
    const byRow = new Map(here.map(({ at, row }) => [at, row]));
    bench.change([...byRow.keys()], (at) => {
      const row = byRow.get(at);
      return {
        ...(row?.label != null && { label: row.label }),
        ...(row?.part != null && { part: row.part }),
      };
    });
    setRelabelled(here.length);
    void queries.invalidateQueries({ queryKey: ["dataset", dataset.name] });
  };
  const problemText = (cause: unknown): ReactNode => {
    if (!(cause instanceof IntakeError)) return <FailureText failure={asError(cause)} />;
    const { file, cause: why } = cause;
    if (!(why instanceof FormatError)) return t("data.badZip", { name: file });
    const { code, line, text } = why;
    return `${t("data.tableAt", { file, line })} ${t(`data.tableFaults.${code}`, { text })}`;
  };
  const dragging = useFileArrival((data) => {
    void fromDrop(data).then(add);
  });

  return (
    <section
      className={`card panel ${css.panel} ${dragging ? css.dragging : ""}`}
      aria-labelledby="add-title"
      data-testid="add-images"
    >
      <div>
        <h2 id="add-title">{t("data.add")}</h2>
        <p className="muted small">{t("data.addText")}</p>
      </div>
      <Combobox
        name={t("data.addTo")}
        choices={dataset.classes}
        value={label}
        onChange={setLabel}
        placeholder={t("data.addToNone")}
        testId="add-class"
      />
      <div className="row">
        <FileButton
          label={t("data.files")}
          primary
          accept={`${imageFormats.accept},.zip,.csv,.jsonl,.gz`}
          onFiles={(files) => {
            void add(fromInput(files));
          }}
          testId="add-files"
        />
        <FileButton
          label={t("data.folder")}
          folder
          onFiles={(files) => {
            void add(fromInput(files));
          }}
          testId="add-folder"
        />
        <button
          type="button"
          className="button"
          onClick={() => {
            camera.open("1");
          }}
          data-testid="add-camera"
        >
          <CameraIcon />
          {t("data.camera")}
        </button>
      </div>
      <p className="small">
        <Link
          to="/accuracy?tab=label"
          onClick={() => {
            rememberDataset(dataset.name);
          }}
          data-testid="add-uncertain"
        >
          {t("data.addUncertain")}
        </Link>
      </p>
      {problem !== null && (
        <p className="error-text small" role="alert" data-testid="intake-problem">
          {problem}
        </p>
      )}
      {relabelled !== null && (
        <p className="small" role="status" data-testid="relabelled">
          {t("data.relabelled", { n: whole(relabelled, language) })}
        </p>
      )}
      <UploadProgress uploads={uploads} progress={progress} />
      {camera.value !== null && (
        <CameraBurst
          dataset={dataset}
          label={label}
          onLabel={setLabel}
          onShot={(file, shown) => {
            uploads.add([{ file, label: shown }]);
          }}
          onClose={camera.close}
        />
      )}
    </section>
  );
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
