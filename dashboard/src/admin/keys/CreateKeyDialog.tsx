import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { KeyRequest } from "visionflow-client";

import { keysQuery } from "../../access/keysQuery";
import { useApi } from "../../api/ApiContext";
import { CopyText } from "../../ui/CopyText";
import { Modal } from "../../ui/dialog/Modal";
import { FaultContext, faultOf } from "../../ui/fault/fault";
import { Problem } from "../../ui/notice/Problem";
import { KeyForm } from "./KeyForm";

/** Creates a key, then shows it: this once, because the API keeps its hash only. */
export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (request: KeyRequest) => api.createKey(request),
    onSuccess: () => queries.invalidateQueries(keysQuery(api)),
    gcTime: 0, // the key is not kept once the dialog is closed
  });
  if (create.data) {
    const { name, key } = create.data;
    return (
      <Modal title={t("keys.newTitle", { name })} onClose={onClose} testId="new-key">
        <CopyText name={t("keys.key")} text={key} testId="key-text" />
        <p>{t("keys.once")}</p>
        <div>
          <button
            type="button"
            className="button primary"
            onClick={onClose}
            data-testid="new-key-done"
          >
            {t("keys.done")}
          </button>
        </div>
      </Modal>
    );
  }
  return (
    <Modal title={t("keys.createTitle")} onClose={onClose} testId="create-key">
      <FaultContext value={faultOf(create.error)}>
        <KeyForm isPending={create.isPending} onCancel={onClose} onCreate={create.mutate} />
      </FaultContext>
      {create.error && <Problem error={create.error} />}
    </Modal>
  );
}
