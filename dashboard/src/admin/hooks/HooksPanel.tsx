import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { hooksQuery } from "../../access/hooksQuery";
import { useApi } from "../../api/ApiContext";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { ShieldIcon } from "../../ui/icons";
import { Missing } from "../../ui/notice/Missing";
import { Notice } from "../../ui/notice/Notice";
import { Problem } from "../../ui/notice/Problem";
import { AddHookDialog, SecretDialog } from "./AddHookDialog";
import { HookTable } from "./HookTable";

/** Who is told of events: webhooks, e-mails and queues. */
export function HooksPanel() {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const hooks = useQuery(hooksQuery(api));
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<string | null>(null);
  const refresh = () => queries.invalidateQueries(hooksQuery(api));
  const test = useMutation({
    mutationFn: (name: string) => api.testHook(name),
    onSuccess: refresh,
  });
  const replay = useMutation({
    mutationFn: (name: string) => api.replayHook(name),
    onSuccess: refresh,
  });
  const rotate = useMutation({
    mutationFn: (name: string) => api.replaceHookSecret(name),
    gcTime: 0, // the secret is not kept once the dialog is closed
  });
  const remove = useMutation({
    mutationFn: (name: string) => api.removeHook(name),
    onSuccess: () => {
      setRemoved(null);
      return refresh();
    },
  });
  const error = test.error ?? replay.error ?? rotate.error;
  return (
    <section className="card panel" aria-labelledby="hooks-title">
      <div className="panel-heading">
        <div>
          <h2 id="hooks-title">{t("hooks.title")}</h2>
          <p className="muted small">{t("hooks.text")}</p>
        </div>
        <button
          type="button"
          className="button primary"
          onClick={() => {
            setAdding(true);
          }}
          data-testid="hook-add"
        >
          {t("hooks.add")}
        </button>
      </div>
      {hooks.error && !hooks.data ? (
        <Missing error={hooks.error} route="GET /hooks" onRetry={() => void hooks.refetch()} />
      ) : !hooks.data ? (
        <p role="status">{t("app.loading")}</p>
      ) : hooks.data.items.length === 0 ? (
        <Notice icon={<ShieldIcon />} title={t("hooks.none")} testId="hooks-empty">
          <p>{t("hooks.noneText")}</p>
        </Notice>
      ) : (
        <>
          <HookTable
            hooks={hooks.data.items}
            onTest={test.mutate}
            onReplay={replay.mutate}
            onRotate={rotate.mutate}
            onRemove={setRemoved}
          />
          <p className="muted small" data-testid="hooks-waiting">
            {t("hooks.waiting", { waiting: hooks.data.waiting, dead: hooks.data.dead })}
          </p>
        </>
      )}
      <p role="status" className="small" data-testid="hooks-said">
        {test.isSuccess && t("hooks.sent", { name: test.variables })}{" "}
        {replay.data && t("hooks.replayed", { n: replay.data.replayed })}
      </p>
      {error && <Problem error={error} />}
      {isAdding && (
        <AddHookDialog
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
      {rotate.data && (
        <SecretDialog
          name={rotate.variables}
          secret={rotate.data.secret}
          onClose={() => {
            rotate.reset();
          }}
        />
      )}
      {removed !== null && (
        <Modal
          title={t("hooks.removeTitle", { name: removed })}
          onClose={() => {
            setRemoved(null);
          }}
          testId="hook-remove-dialog"
        >
          <p>{t("hooks.removeText")}</p>
          {remove.error && <Problem error={remove.error} />}
          <DialogButtons
            confirm={t("hooks.remove")}
            tone="danger"
            isPending={remove.isPending}
            onCancel={() => {
              setRemoved(null);
            }}
            onConfirm={() => {
              remove.mutate(removed);
            }}
            testId="hook-remove-confirm"
          />
        </Modal>
      )}
    </section>
  );
}
