import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useApi } from "../api/ApiContext";
import type { Move } from "../api/models";
import type { ModelList } from "../api/types";
import { DialogButtons } from "../ui/dialog/DialogButtons";
import { Modal } from "../ui/dialog/Modal";
import { Problem } from "../ui/notice/Problem";
import css from "./MoveDialog.module.css";
import { useMoveTexts } from "./useMoveTexts";

interface MoveDialogProps {
  move: Move;
  list: ModelList;
  onClose: () => void;
}

/** Confirms a change of an alias: shows what changes, from what to what. */
export function MoveDialog({ move, list, onClose }: MoveDialogProps) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const { title, changes, confirm } = useMoveTexts(move, list);
  const takesReason = !["end_canary", "end_shadow"].includes(move.action);
  const run = useMutation({
    mutationFn: () => api.move(reason === "" ? move : { ...move, reason }),
    onSuccess: () => {
      for (const key of ["models", "moves", "status", "model", "dataset"]) {
        void queries.invalidateQueries({ queryKey: [key] });
      }
      onClose();
    },
  });
  return (
    <Modal title={title} onClose={onClose} testId="move">
      <ul className={css.changes} data-testid="move-changes">
        {changes.map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
      {takesReason && (
        <label className="field">
          <span className="field-name">{t("models.reason")}</span>
          <input
            className="input"
            value={reason}
            maxLength={200}
            onChange={({ target }) => {
              setReason(target.value);
            }}
            data-testid="move-reason"
          />
        </label>
      )}
      {run.error && <Problem error={run.error} />}
      <DialogButtons
        confirm={confirm}
        tone="primary"
        isPending={run.isPending}
        onCancel={onClose}
        onConfirm={() => {
          run.mutate();
        }}
        testId="move-confirm"
      />
    </Modal>
  );
}
