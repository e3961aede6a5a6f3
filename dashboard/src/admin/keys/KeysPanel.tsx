import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ApiKey } from "visionflow-client";

import { keysQuery } from "../../access/keysQuery";
import { useApi } from "../../api/ApiContext";
import { useOverlay } from "../../ui/dialog/useOverlay";
import { ShieldIcon } from "../../ui/icons";
import { Missing } from "../../ui/notice/Missing";
import { Notice } from "../../ui/notice/Notice";
import { CreateKeyDialog } from "./CreateKeyDialog";
import css from "./KeysPanel.module.css";
import { KeyTable } from "./KeyTable";
import { RevokeDialog } from "./RevokeDialog";

/** The API keys of programs. */
export function KeysPanel() {
  const { t } = useTranslation();
  const keys = useQuery(keysQuery(useApi()));
  const create = useOverlay("create");
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  return (
    <section className="card panel" aria-labelledby="keys-title">
      <div className="panel-heading">
        <div>
          <h2 id="keys-title">{t("keys.title")}</h2>
          <p className="muted small">{t("keys.text")}</p>
        </div>
        <button
          type="button"
          className="button primary"
          onClick={() => {
            create.open("1");
          }}
          data-testid="key-create"
        >
          {t("keys.create")}
        </button>
      </div>
      {keys.error && !keys.data ? (
        <Missing error={keys.error} route="GET /keys" onRetry={() => void keys.refetch()} />
      ) : !keys.data ? (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      ) : keys.data.length === 0 ? (
        <Notice icon={<ShieldIcon />} title={t("keys.none")} testId="keys-empty">
          <p>{t("keys.noneText")}</p>
        </Notice>
      ) : (
        <KeyTable keys={keys.data} onRevoke={setRevoked} />
      )}
      {create.value !== null && <CreateKeyDialog onClose={create.close} />}
      {revoked && (
        <RevokeDialog
          apiKey={revoked}
          onClose={() => {
            setRevoked(null);
          }}
        />
      )}
    </section>
  );
}
