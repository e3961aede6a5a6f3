import { useState } from "react";
import { useTranslation } from "react-i18next";

import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";

interface EraseDialogProps {
  owner: string;
  onClose: () => void;
  onConfirm: () => void;
}

/** Asks to type the owner once more, because nothing brings the data back. */
export function EraseDialog({ owner, onClose, onConfirm }: EraseDialogProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  return (
    <Modal title={t("erase.confirmTitle", { owner })} onClose={onClose} testId="erase-dialog">
      <p>{t("erase.text")}</p>
      <label className="field">
        <span className="field-name">{t("erase.type")}</span>
        <input
          className="input"
          autoComplete="off"
          value={typed}
          onChange={({ target }) => {
            setTyped(target.value);
          }}
          data-testid="erase-typed"
        />
      </label>
      <DialogButtons
        confirm={t("erase.confirm")}
        tone="danger"
        isPending={typed !== owner}
        onCancel={onClose}
        onConfirm={onConfirm}
        testId="erase-confirm"
      />
    </Modal>
  );
}
