import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { useApi } from "../api/ApiContext";
import { CloseIcon } from "../ui/icons";
import { Problem } from "../ui/Problem";
import css from "./RecordDialog.module.css";
import { RecordView } from "./RecordView";

interface RecordDialogProps {
  id: string;
  onClose: () => void;
}

/** One record beside the list. A modal `<dialog>`: focus, Escape and the backdrop are the browser's. */
export function RecordDialog({ id, onClose }: RecordDialogProps) {
  const { t } = useTranslation();
  const api = useApi();
  const dialog = useRef<HTMLDialogElement>(null);
  const record = useQuery({
    queryKey: ["prediction", id],
    queryFn: ({ signal }) => api.prediction(id, signal),
    staleTime: Infinity, // a record never changes
    gcTime: 0, // but its picture's address expires
  });

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className={css.dialog}
      aria-label={t("record.title")}
      onCancel={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose(); // the backdrop
      }}
      data-testid="record"
    >
      <div className={css.content}>
        <header className={css.header}>
          <h2>{t("record.title")}</h2>
          <button
            type="button"
            className={css.close}
            aria-label={t("app.close")}
            onClick={onClose}
            data-testid="record-close"
          >
            <CloseIcon />
          </button>
        </header>
        {record.data ? (
          <RecordView record={record.data} />
        ) : record.error ? (
          <Problem error={record.error} onRetry={() => void record.refetch()} />
        ) : (
          <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
        )}
      </div>
    </dialog>
  );
}
