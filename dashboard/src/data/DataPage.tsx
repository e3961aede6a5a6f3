import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { addDataTexts } from "../i18n/data/texts";
import { DatasetView } from "./DatasetView";
import { DatasetList } from "./list/DatasetList";

/** The list of datasets, or the one that the address names. */
export default function DataPage() {
  const { t, i18n } = useTranslation();
  useState(() => {
    addDataTexts(i18n);
  });
  const [params] = useSearchParams();
  const name = params.get("dataset");
  return (
    <>
      <title>{`${t("app.data")} · VisionFlow`}</title>
      {name === null ? <DatasetList /> : <DatasetView key={name} name={name} />}
    </>
  );
}
