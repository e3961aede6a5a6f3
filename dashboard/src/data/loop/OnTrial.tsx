import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useApi } from "../../api/ApiContext";
import { modelParams } from "../../registry/chosen";
import { useModels } from "../../registry/useModels";

/** A version of the dataset's model that was accepted: what to watch, and where to go on. */
export function OnTrial({ model }: { model: string }) {
  const { t } = useTranslation();
  const api = useApi();
  const aliases = useModels().data?.aliases;
  const canary = aliases?.canary?.name === model ? aliases.canary : null;
  const rule = useQuery({
    queryKey: ["rule"],
    queryFn: ({ signal }) => api.rule(signal),
    enabled: canary !== null,
  });
  if (!canary) return null;
  const { name, version, percent } = canary;
  const production = aliases?.production;
  return (
    <section className="card panel" aria-labelledby="trial-title" data-testid="on-trial">
      <h2 id="trial-title">{t("data.loop.trial", { name, version })}</h2>
      <p>
        {t("data.loop.trialText", {
          percent,
          production: production ? `${production.name} ${production.version}` : "–",
        })}
        {rule.data && ` ${t(rule.data.enabled ? "data.loop.ruleOn" : "data.loop.ruleOff")}`}
      </p>
      <div>
        <Link
          className="button"
          to={`/models?${new URLSearchParams(modelParams(canary)).toString()}`}
          data-testid="to-models"
        >
          {t("data.loop.toModels")}
        </Link>
      </div>
    </section>
  );
}
