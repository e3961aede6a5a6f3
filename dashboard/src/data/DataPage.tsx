import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { addDataTexts } from "../i18n/data/texts";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { DatasetList } from "./list/DatasetList";

// The list paints without the grid.
const DatasetView = lazy(() => import("./DatasetView"));

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
      {name === null ? (
        <DatasetList />
      ) : (
        <Suspense fallback={<PageSkeleton />}>
          <DatasetView key={name} name={name} />
        </Suspense>
      )}
    </>
  );
}
