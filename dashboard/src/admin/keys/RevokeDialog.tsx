import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { ApiKey } from "visionflow-client";

import { keysQuery } from "../../access/keysQuery";
import { useApi } from "../../api/ApiContext";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";

interface RevokeDialogProps {
  apiKey: ApiKey;
  onClose: () => void;
}

export function RevokeDialog({ apiKey: { prefix, name }, onClose }: RevokeDialogProps) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => api.revokeKey(prefix),
    onSuccess: () => {
      void queries.invalidateQueries(keysQuery(api));
      onClose();
    },
  });
  return (
    <Modal title={t("keys.revokeTitle", { name })} onClose={onClose} testId="revoke">
      <p>{t("keys.revokeText", { prefix: `vf_${prefix}_…` })}</p>
      {revoke.error && <Problem error={revoke.error} />}
      <DialogButtons
        confirm={t("keys.revoke")}
        tone="danger"
        isPending={revoke.isPending}
        onCancel={onClose}
        onConfirm={() => {
          revoke.mutate();
        }}
        testId="revoke-confirm"
      />
    </Modal>
  );
}
