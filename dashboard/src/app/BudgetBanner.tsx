import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type BudgetStop, noteBudget } from "../access/useBudgetStop";
import { useMay } from "../access/useMe";
import { useApi } from "../api/ApiContext";
import { useLanguage } from "../i18n";
import { moment } from "../i18n/format";
import { DialogButtons } from "../ui/dialog/DialogButtons";
import { Modal } from "../ui/dialog/Modal";
import { Banner } from "../ui/notice/Banner";
import { Problem } from "../ui/notice/Problem";

/** That the budget is used up; an admin can go on in spite of it. */
export function BudgetBanner({ stop: { endsAt } }: { stop: BudgetStop }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const may = useMay();
  const api = useApi();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const close = () => {
    setAsking(false);
  };
  const resume = useMutation({
    mutationFn: () => api.resumeBudget(),
    onSuccess: () => {
      close();
      noteBudget(queries, null);
    },
  });
  return (
    <>
      <Banner tone="bad" testId="budget-stopped">
        <strong>{t("app.budgetStopped")}</strong>
        {endsAt !== null && <span>{t("app.budgetUntil", { time: moment(endsAt, language) })}</span>}
        {may("POST /budget/resume") && (
          <button
            type="button"
            className="button small"
            onClick={() => {
              setAsking(true);
            }}
            data-testid="budget-resume"
          >
            {t("app.budgetResume")}
          </button>
        )}
      </Banner>
      {isAsking && (
        <Modal title={t("app.budgetResumeTitle")} onClose={close} testId="resume">
          <p>{t("app.budgetResumeText")}</p>
          {resume.error && <Problem error={resume.error} />}
          <DialogButtons
            confirm={t("app.budgetResume")}
            tone="danger"
            isPending={resume.isPending}
            onCancel={close}
            onConfirm={() => {
              resume.mutate();
            }}
            testId="resume-confirm"
          />
        </Modal>
      )}
    </>
  );
}
