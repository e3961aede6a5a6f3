import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useApi } from "../../api/ApiContext";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";
import { useHeard } from "../feedback/useFeedback";
import css from "./RecordDialog.module.css";
import { RecordSteps } from "./steps/RecordSteps";
import { RecordView } from "./RecordView";
import type { Neighbours } from "./steps/useNeighbours";

interface RecordDialogProps {
  id: string;
  /** The list it was opened from; `null` where the record is in none. */
  list: Neighbours | null;
  onClose: () => void;
}

/** One record beside the list. */
export default function RecordDialog({ id, list, onClose }: RecordDialogProps) {
  const { t } = useTranslation();
  const api = useApi();
  const heard = useHeard();
  const record = useQuery({
    queryKey: ["prediction", id],
    queryFn: async ({ signal }) => {
      const read = await api.prediction(id, signal);
      heard(read);
      return read;
    },
    staleTime: Infinity, // a record changes by feedback only, which is written into the cache
    gcTime: 0, // but its image's address expires
  });
  return (
    <Modal
      title={t("record.title")}
      place="side"
      tools={list && <RecordSteps list={list} />}
      onClose={onClose}
      testId="record"
    >
      {record.data ? (
        <RecordView key={id} record={record.data} onDeleted={onClose} />
      ) : record.error ? (
        <Problem error={record.error} onRetry={() => void record.refetch()} />
      ) : (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      )}
    </Modal>
  );
}
