import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMay } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import type { ModelName } from "../../api/types";
import { modelKey } from "../../registry/chosen";
import { useModels } from "../../registry/useModels";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { MissingScope } from "../../ui/notice/MissingScope";
import { Problem } from "../../ui/notice/Problem";

/** Lets a new version serve, where the caller may; once it serves, it can be tried. */
export function Serve({ model }: { model: ModelName }) {
  const { t } = useTranslation();
  const api = useApi();
  const may = useMay();
  const queries = useQueryClient();
  const models = useModels();
  const [asking, setAsking] = useState(false);
  const promote = useMutation({
    mutationFn: () => api.move({ action: "promote", ...model }),
    onSuccess: () => {
      for (const key of ["models", "moves", "status", "model"]) {
        void queries.invalidateQueries({ queryKey: [key] });
      }
      setAsking(false);
    },
  });
  const production = models.data?.aliases.production;
  if (production && modelKey(production) === modelKey(model)) {
    return (
      <div className="row">
        <span className="chip good">{t("data.serves")}</span>
        <Link className="button primary" to="/predict?camera=1" data-testid="try-it">
          {t("data.tryIt")}
        </Link>
      </div>
    );
  }
  if (!may("POST /models/{version}/promote")) {
    return <MissingScope route="POST /models/{version}/promote" />;
  }
  return (
    <div>
      <button
        type="button"
        className="button primary"
        onClick={() => {
          setAsking(true);
        }}
        data-testid="run-promote"
      >
        {t("data.promote")}
      </button>
      {asking && (
        <Modal
          title={t("models.promoteTitle", { to: `${model.name} ${model.version}` })}
          onClose={() => {
            setAsking(false);
          }}
          testId="promote-dialog"
        >
          <p>
            {t("models.changesProduction", {
              from: production ? `${production.name} ${production.version}` : t("models.nobody"),
              to: `${model.name} ${model.version}`,
            })}
          </p>
          {promote.error && <Problem error={promote.error} />}
          <DialogButtons
            confirm={t("models.promote")}
            tone="primary"
            isPending={promote.isPending}
            onCancel={() => {
              setAsking(false);
            }}
            onConfirm={() => {
              promote.mutate();
            }}
            testId="run-promote-confirm"
          />
        </Modal>
      )}
    </div>
  );
}
