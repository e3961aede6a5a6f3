import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useApi } from "../../api/ApiContext";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";
import css from "./RecordDialog.module.css";
import { RecordView } from "./RecordView";

interface RecordDialogProps {
  id: string;
  onClose: () => void;
}

/** One record beside the list. */
export function RecordDialog({ id, onClose }: RecordDialogProps) {
  const { t } = useTranslation();
  const api = useApi();
  const record = useQuery({
    queryKey: ["prediction", id],
    queryFn: ({ signal }) => api.prediction(id, signal),
    staleTime: Infinity, // a record changes by feedback only, which is written into the cache
    gcTime: 0, // but its image's address expires
  });
  return (
    <Modal title={t("record.title")} place="side" onClose={onClose} testId="record">
      {record.data ? (
        <RecordView record={record.data} onDeleted={onClose} />
      ) : record.error ? (
        <Problem error={record.error} onRetry={() => void record.refetch()} />
      ) : (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      )}
    </Modal>
  );
}
