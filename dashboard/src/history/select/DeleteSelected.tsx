import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { DELETED } from "../../records/owner/DeleteRecord";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";

interface DeleteSelectedProps {
  n: number;
  disabled: boolean;
  onConfirm: () => void;
}

/** Deletes records of one's own after a question; an admin deletes any. */
export function DeleteSelected({ n, disabled, onConfirm }: DeleteSelectedProps) {
  const { t } = useTranslation();
  const count = whole(n, useLanguage());
  const [isAsking, setAsking] = useState(false);
  const close = () => {
    setAsking(false);
  };
  return (
    <>
      <button
        type="button"
        className="button small danger"
        disabled={disabled}
        onClick={() => {
          setAsking(true);
        }}
        data-testid="batch-delete"
      >
        {t("history.select.delete", { n: count })}
      </button>
      {isAsking && (
        <Modal
          title={t("history.select.deleteTitle", { n: count })}
          onClose={close}
          testId="delete"
        >
          <p>{t("record.deleteText")}</p>
          <ul>
            {DELETED.map((key) => (
              <li key={key}>{t(key)}</li>
            ))}
          </ul>
          <p>{t("record.deleteBackups")}</p>
          <DialogButtons
            confirm={t("history.select.delete", { n: count })}
            tone="danger"
            isPending={disabled}
            onCancel={close}
            onConfirm={() => {
              close();
              onConfirm();
            }}
            testId="batch-delete-confirm"
          />
        </Modal>
      )}
    </>
  );
}
