import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import { useMay } from "../../access/useMe";
import type { Taken } from "./labels";

// Most records are only read.
const TakeDialog = lazy(() => import("./TakeDialog"));

interface AddToDatasetProps {
  records: readonly Taken[];
  /** The text of the button where there are several. */
  name?: string;
  testId?: string;
}

/** Copies the images of records into a dataset. */
export function AddToDataset({ records, name, testId = "add-to-dataset" }: AddToDatasetProps) {
  const { t } = useTranslation();
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  if (!may("POST /datasets/{name}/predictions")) return null;
  return (
    <div>
      <button
        type="button"
        className="button small"
        onClick={() => {
          setOpen(true);
        }}
        data-testid={testId}
      >
        {name ?? t("record.addToDataset")}
      </button>
      {isOpen && (
        <Suspense fallback={null}>
          <TakeDialog
            records={records}
            onClose={() => {
              setOpen(false);
            }}
          />
        </Suspense>
      )}
    </div>
  );
}
