import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useMay, useMe } from "../../access/useMe";

import { useApi } from "../../api/ApiContext";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";
import { hasImage } from "../origin/origin";
import { useForget } from "./useForget";

interface DeleteRecordProps {
  record: Pick<LogEntry, "id" | "owner" | "image">;
  onDeleted?: () => void;
}

/** What a deletion takes along. */
export const DELETED = [
  "record.deleteImage",
  "record.deleteAnswers",
  "record.deleteCopies",
] as const;

/** Deletes a record of one's own; an admin deletes any. */
export function DeleteRecord({ record, onDeleted }: DeleteRecordProps) {
  const { t } = useTranslation();
  const api = useApi();
  const me = useMe();
  const may = useMay();
  const forget = useForget();
  const [isAsking, setAsking] = useState(false);
  const close = () => {
    setAsking(false);
  };
  const erase = useMutation({
    mutationFn: () => api.erase(record.id),
    onSuccess: () => {
      close();
      onDeleted?.();
      forget(record.id);
    },
  });
  const isOwn = me === undefined || record.owner === me.id || me.scopes.includes("admin");
  if (!may("DELETE /predictions/{id}")) return null;
  if (!isOwn) return <p className="muted small">{t("record.deleteOthers")}</p>;
  return (
    <div>
      <button
        type="button"
        className="button small danger"
        onClick={() => {
          setAsking(true);
        }}
        data-testid="record-delete"
      >
        {t("record.delete")}
      </button>
      {isAsking && (
        <Modal title={t("record.deleteTitle")} onClose={close} testId="delete">
          <p>{t("record.deleteText")}</p>
          <ul>
            {DELETED.filter((key) => key !== "record.deleteImage" || hasImage(record)).map(
              (key) => (
                <li key={key}>{t(key)}</li>
              ),
            )}
          </ul>
          <p>{t("record.deleteBackups")}</p>
          {erase.error && <Problem error={erase.error} />}
          <DialogButtons
            confirm={t("record.delete")}
            tone="danger"
            isPending={erase.isPending}
            onCancel={close}
            onConfirm={() => {
              erase.mutate();
            }}
            testId="delete-confirm"
          />
        </Modal>
      )}
    </div>
  );
}
