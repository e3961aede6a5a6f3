import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { ModelName } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { MoveDialog } from "../../moves/MoveDialog";
import { modelKey } from "../../registry/chosen";
import { useModels } from "../../registry/useModels";
import { MissingScope } from "../../ui/notice/MissingScope";
import { Accept } from "../loop/Accept";

/** Lets a new version serve, where the caller may; once it serves, it can be tried. */
export function Serve({ model }: { model: ModelName }) {
  const { t } = useTranslation();
  const may = useMay();
  const models = useModels();
  const [asking, setAsking] = useState(false);
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
  if (!may("POST /models/{name}/{version}/promote")) {
    return <MissingScope route="POST /models/{name}/{version}/promote" />;
  }
  return (
    <div className="stack">
      {models.data && <Accept model={model} list={models.data} />}
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
      </div>
      {asking && (
        <MoveDialog
          move={{ action: "promote", ...model }}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </div>
  );
}
