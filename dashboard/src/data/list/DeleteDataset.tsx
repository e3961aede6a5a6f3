import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { useApi } from "../../api/ApiContext";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";

/** Deletes a dataset once its name was typed, because nothing brings it back. */
export function DeleteDataset({ name }: { name: string }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState<string | null>(null);
  const close = () => {
    setTyped(null);
  };
  const remove = useMutation({
    mutationFn: () => api.deleteDataset(name),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["datasets"] });
      queries.removeQueries({ queryKey: ["dataset", name] });
      void navigate({ search: "" });
    },
  });
  return (
    <>
      <button
        type="button"
        className="button danger small"
        onClick={() => {
          setTyped("");
        }}
        data-testid="delete-dataset"
      >
        {t("data.delete")}
      </button>
      {typed !== null && (
        <Modal title={t("data.deleteTitle", { name })} onClose={close} testId="delete-dialog">
          <p>{t("data.deleteText")}</p>
          <label className="field">
            <span className="field-name">{t("data.deleteType", { name })}</span>
            <input
              className="input"
              value={typed}
              autoComplete="off"
              onChange={({ target }) => {
                setTyped(target.value);
              }}
              data-testid="delete-name"
            />
          </label>
          {remove.error && <Problem error={remove.error} />}
          <DialogButtons
            confirm={t("data.delete")}
            tone="danger"
            isPending={remove.isPending || typed !== name}
            onCancel={close}
            onConfirm={() => {
              remove.mutate();
            }}
            testId="delete-confirm"
          />
        </Modal>
      )}
    </>
  );
}
