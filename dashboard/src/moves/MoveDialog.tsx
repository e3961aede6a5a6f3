import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Move } from "visionflow-client";

import { useApi } from "../api/ApiContext";
import { DialogButtons } from "../ui/dialog/DialogButtons";
import { Modal } from "../ui/dialog/Modal";
import { FaultContext, faultOf } from "../ui/fault/fault";
import { FaultInput } from "../ui/fault/FaultInput";
import { Problem } from "../ui/notice/Problem";
import css from "./MoveDialog.module.css";
import { useEffectTexts, useMoveTitle } from "./useMoveTexts";

interface MoveDialogProps {
  move: Move;
  onClose: () => void;
}

/** Confirms a change of an alias: shows what the API says that it would change, and sends that. */
export function MoveDialog({ move, onClose }: MoveDialogProps) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const { title, confirm } = useMoveTitle(move);
  const takesReason = !["end_canary", "end_shadow"].includes(move.action);
  const preview = useQuery({
    queryKey: ["preview", move],
    queryFn: ({ signal }) => api.preview(move, signal),
    gcTime: 0, // the aliases may have moved when it is asked again
    retry: false,
  });
  const changes = useEffectTexts(preview.data);
  const run = useMutation({
    mutationFn: (revision: number) =>
      api.move({ ...move, revision, ...(reason !== "" && { reason }) }),
    onSuccess: () => {
      for (const key of ["models", "moves", "status", "model", "dataset"]) {
        void queries.invalidateQueries({ queryKey: [key] });
      }
      onClose();
    },
    // Somebody else may have moved an alias: show what the move does now.
    onError: () => void preview.refetch(),
  });
  return (
    <Modal title={title} onClose={onClose} testId="move">
      {preview.error ? (
        <Problem error={preview.error} />
      ) : changes === null ? (
        <div className={`skeleton ${css.waiting}`} aria-busy="true" />
      ) : (
        <ul className={css.changes} data-testid="move-changes">
          {changes.map(({ kind, text }, index) => (
            // Two canaries may lose the same.
            <li key={`${index} ${text}`} data-effect={kind}>
              {text}
            </li>
          ))}
        </ul>
      )}
      <FaultContext value={faultOf(run.error)}>
        {takesReason && (
          <label className="field">
            <span className="field-name">{t("models.reason")}</span>
            <FaultInput
              field="reason"
              value={reason}
              maxLength={200}
              onChange={({ target }) => {
                setReason(target.value);
              }}
              data-testid="move-reason"
            />
          </label>
        )}
      </FaultContext>
      {run.error && <Problem error={run.error} />}
      <DialogButtons
        confirm={confirm}
        tone="primary"
        isPending={run.isPending || !preview.data || preview.isFetching}
        onCancel={onClose}
        onConfirm={() => {
          if (preview.data) run.mutate(preview.data.revision);
        }}
        testId="move-confirm"
      />
    </Modal>
  );
}
