import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ModelName } from "visionflow-client";

import { modelKey } from "../../registry/chosen";
import { PhoneIcon } from "../../ui/icons";
import css from "./OpenOnPhone.module.css";

const PhoneDialog = lazy(() => import("./PhoneDialog"));

/** Beside a version: opens it on a phone, which then classifies by itself. */
export function OpenOnPhone({ item }: { item: ModelName }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const name = t("models.phone", { version: modelKey(item) });
  return (
    <>
      <button
        type="button"
        className={css.open}
        aria-label={name}
        title={name}
        onClick={() => {
          setOpen(true);
        }}
        data-testid="open-on-phone"
      >
        <PhoneIcon className={css.icon} />
      </button>
      {isOpen && (
        <Suspense fallback={null}>
          <PhoneDialog
            item={item}
            onClose={() => {
              setOpen(false);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
