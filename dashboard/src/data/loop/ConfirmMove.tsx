import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { useApi } from "../../api/ApiContext";
import type { Move } from "../../api/models";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";

interface ConfirmMoveProps {
  move: Move;
  title: string;
  confirm: string;
  onClose: () => void;
  testId: string;
  children: ReactNode;
}

/** Asks before an alias moves to what a training made. */
export function ConfirmMove({ move, title, confirm, onClose, testId, children }: ConfirmMoveProps) {
  const api = useApi();
  const queries = useQueryClient();
  const run = useMutation({
    mutationFn: () => api.move(move),
    onSuccess: () => {
      for (const key of ["models", "moves", "status", "model"]) {
        void queries.invalidateQueries({ queryKey: [key] });
      }
      onClose();
    },
  });
  return (
    <Modal title={title} onClose={onClose} testId={`${testId}-dialog`}>
      {children}
      {run.error && <Problem error={run.error} />}
      <DialogButtons
        confirm={confirm}
        tone="primary"
        isPending={run.isPending}
        onCancel={onClose}
        onConfirm={() => {
          run.mutate();
        }}
        testId={`run-${testId}-confirm`}
      />
    </Modal>
  );
}
