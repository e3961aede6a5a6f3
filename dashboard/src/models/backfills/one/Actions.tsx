import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Backfill, BackfillAction, BackfillState } from "visionflow-client";

import { useMay } from "../../../access/useMe";
import { useApi } from "../../../api/ApiContext";
import { useLanguage } from "../../../i18n";
import { money } from "../../../i18n/format";
import { DialogButtons } from "../../../ui/dialog/DialogButtons";
import { Modal } from "../../../ui/dialog/Modal";
import { FaultContext, faultOf } from "../../../ui/fault/fault";
import { NumberField } from "../../../ui/NumberField";
import { Problem } from "../../../ui/notice/Problem";

type Action = BackfillAction | "resume";

/** What each state allows. */
const ALLOWED: Record<BackfillState, readonly Action[]> = {
  listing: ["pause", "cancel"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  stopped: ["resume", "cancel"],
  cancelled: ["resume"],
  failed: ["retry"],
  done: [],
};

/** Pause, resume, cancel and retry, where the state and the caller's scopes allow them. */
export function Actions({ backfill }: { backfill: Backfill }) {
  const { t } = useTranslation();
  const api = useApi();
  const may = useMay();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<"cancel" | "resume" | null>(null);
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: ({ action, maxUsd = null }: { action: Action; maxUsd?: number | null }) =>
      action === "resume"
        ? api.resumeBackfill(backfill.id, maxUsd)
        : api.moveBackfill(backfill.id, action),
    onSuccess: (moved) => {
      queries.setQueryData(["backfill", backfill.id], moved);
      setAsked(null);
    },
    // Refused where the state is another one by now: both show it.
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["backfills"] });
      void queries.invalidateQueries({ queryKey: ["backfill", backfill.id] });
    },
  });
  const close = () => {
    reset();
    setAsked(null);
  };
  const act = (action: Action) => {
    reset();
    if (action === "cancel") setAsked("cancel");
    else if (action === "resume" && backfill.reason?.code === "budget_spent") setAsked("resume");
    else mutate({ action });
  };
  const offered = ALLOWED[backfill.state].filter((action) => may(`POST /backfills/{id}/${action}`));
  return (
    <>
      {offered.length > 0 && (
        <div className="row">
          {offered.map((action) => (
            <button
              key={action}
              type="button"
              className={`button small ${action === "cancel" ? "danger" : ""}`}
              disabled={isPending}
              onClick={() => {
                act(action);
              }}
              data-testid={`backfill-${action}`}
            >
              {t(`backfills.actions.${action}`)}
            </button>
          ))}
        </div>
      )}
      {error && asked === null && <Problem error={error} />}
      {asked === "cancel" && (
        <CancelDialog
          backfill={backfill}
          isPending={isPending}
          error={error}
          onClose={close}
          onConfirm={() => {
            mutate({ action: "cancel" });
          }}
        />
      )}
      {asked === "resume" && (
        <BudgetDialog
          backfill={backfill}
          isPending={isPending}
          error={error}
          onClose={close}
          onConfirm={(maxUsd) => {
            mutate({ action: "resume", maxUsd });
          }}
        />
      )}
    </>
  );
}

interface DialogProps {
  backfill: Backfill;
  isPending: boolean;
  error: Error | null;
  onClose: () => void;
}

function CancelDialog(props: DialogProps & { onConfirm: () => void }) {
  const { backfill, isPending, error, onClose, onConfirm } = props;
  const { t } = useTranslation();
  const spent = money(backfill.progress.spent_usd, "USD", useLanguage());
  return (
    <Modal title={t("backfills.cancelTitle")} onClose={onClose} testId="cancel-backfill">
      <p>{t("backfills.cancelText", { spent })}</p>
      {error && <Problem error={error} />}
      <DialogButtons
        confirm={t("backfills.cancelConfirm")}
        tone="danger"
        isPending={isPending}
        onCancel={onClose}
        onConfirm={onConfirm}
        dismiss={t("backfills.keep")}
        testId="cancel-backfill-confirm"
      />
    </Modal>
  );
}

/** A budget that is spent takes a larger one to go on. */
function BudgetDialog(props: DialogProps & { onConfirm: (maxUsd: number) => void }) {
  const { backfill, isPending, error, onClose, onConfirm } = props;
  const { t } = useTranslation();
  const language = useLanguage();
  const usd = (amount: number) => money(amount, "USD", language);
  const { max_usd: budget, progress, estimate } = backfill;
  const wanted = Math.max(progress.expected_usd ?? estimate.usd, (budget ?? 0) * 2);
  const [text, setText] = useState(() => (Math.ceil(wanted * 100) / 100).toString());
  return (
    <FaultContext value={faultOf(error)}>
      <Modal title={t("backfills.resumeTitle")} onClose={onClose} testId="resume-backfill">
        {budget !== null && <p>{t("backfills.resumeText", { budget: usd(budget) })}</p>}
        <NumberField
          name={t("backfills.newBudget")}
          field="max_usd"
          hint={t("backfills.newBudgetHint", { spent: usd(progress.spent_usd) })}
          value={text}
          bounds={{ min: 0, step: "any", required: true }}
          onChange={setText}
          testId="resume-budget"
        />
        {error && <Problem error={error} />}
        <DialogButtons
          confirm={t("backfills.actions.resume")}
          tone="primary"
          isPending={isPending || !(Number(text) > 0)}
          onCancel={onClose}
          onConfirm={() => {
            onConfirm(Number(text));
          }}
          testId="resume-backfill-confirm"
        />
      </Modal>
    </FaultContext>
  );
}
