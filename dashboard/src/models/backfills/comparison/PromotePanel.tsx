import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { modelRef, type Move, readRef } from "visionflow-client";

import { useMay } from "../../../access/useMe";
import { MoveDialog } from "../../../moves/MoveDialog";
import { modelKey, modelParams } from "../../../registry/chosen";
import { useModels } from "../../../registry/useModels";
import { MissingScope } from "../../../ui/notice/MissingScope";

const ROUTE = "POST /models/{name}/{version}/promote";

/** What to do with what the comparison says. */
export function PromotePanel({ version }: { version: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const models = useModels();
  const [asked, setAsked] = useState<Move | null>(null);
  const model = readRef(version);
  if (!model || !models.data) return null;
  const item = models.data.items.find((known) => modelRef(known) === version);
  const name = { version: modelKey(model) };
  const serves = item?.aliases.includes("production") ?? false;
  const isGone = item?.retired !== null;
  return (
    <section className="card panel" aria-labelledby="promote-title" data-testid="decide">
      <h2 id="promote-title">{t("comparison.promote")}</h2>
      {serves ? (
        <p>{t("comparison.serves", name)}</p>
      ) : isGone ? (
        <p>{t("comparison.gone", name)}</p>
      ) : (
        <p>{t("comparison.promoteText")}</p>
      )}
      <div className="row">
        {!serves && !isGone && may(ROUTE) && (
          <button
            type="button"
            className="button primary"
            onClick={() => {
              setAsked({ action: "promote", ...model });
            }}
            data-testid="promote"
          >
            {t("comparison.promoteButton", name)}
          </button>
        )}
        {item && (
          <Link
            to={`/models?${new URLSearchParams(modelParams(model)).toString()}`}
            className="button"
          >
            {t("comparison.openVersion", name)}
          </Link>
        )}
      </div>
      {!may(ROUTE) && <MissingScope route={ROUTE} />}
      {asked && (
        <MoveDialog
          move={asked}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </section>
  );
}
