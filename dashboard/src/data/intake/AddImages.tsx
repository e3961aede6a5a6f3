import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Dataset } from "../../api/datasets";
import { rememberDataset } from "../../records/dataset/lastDataset";
import { Combobox } from "../../ui/combobox/Combobox";
import { useOverlay } from "../../ui/dialog/useOverlay";
import { CameraIcon } from "../../ui/icons";
import { FileButton } from "../../ui/intake/FileButton";
import { useFileArrival } from "../../ui/intake/useFileArrival";
import css from "./AddImages.module.css";
import { type Arrival, fromDrop, fromInput, isZip } from "./arrivals";
import { CameraBurst } from "./CameraBurst";
import { UploadProgress } from "./UploadProgress";
import { useUploads } from "./useUploads";

/** Every way that images come into a dataset from a browser. */
export function AddImages({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const { uploads, progress } = useUploads(dataset.name);
  const camera = useOverlay("camera");
  const [label, setLabel] = useState<string | null>(null);
  const [badZip, setBadZip] = useState<string | null>(null);

  /** A folder's name says the class; what is in none gets the chosen one. */
  const add = (arrivals: readonly Arrival[]) => {
    const images = arrivals.filter(({ file }) => !isZip(file));
    uploads.add(images.map(({ file, label: own }) => ({ file, label: own ?? label })));
    setBadZip(null);
    for (const { file } of arrivals.filter(({ file: zip }) => isZip(zip))) {
      void import("./zip")
        .then(({ unpack }) =>
          unpack(file, ({ file: image, label: own }) => {
            uploads.add([{ file: image, label: own ?? label }]);
          }),
        )
        .catch(() => {
          setBadZip(file.name);
        });
    }
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
          accept="image/*,.heic,.heif,.zip"
          onFiles={(files) => {
            add(fromInput(files));
          }}
          testId="add-files"
        />
        <FileButton
          label={t("data.folder")}
          folder
          onFiles={(files) => {
            add(fromInput(files));
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
      {badZip !== null && (
        <p className="error-text small" role="alert">
          {t("data.badZip", { name: badZip })}
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
