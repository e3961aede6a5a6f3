import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PromotionRule } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { NumberField } from "../../ui/NumberField";
import { percentText, shareOf } from "./rule";
import { RuleCard, RuleFields } from "./RuleCard";

const KEY = ["promotion-rule"];

/** The rule by which a job's version goes into production: shown, edited, turned on and off. */
export function PromotionPanel() {
  const { t } = useTranslation();
  const api = useApi();
  const rule = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.promotionRule(signal) });
  return (
    <RuleCard
      id="promotion"
      title={t("models.promotion")}
      text={`${t("models.promotionText")} ${t("models.promotionOffText")}`}
      route="GET /models/promotion-rule"
      rule={rule}
    >
      {(saved) => <Limits key={JSON.stringify(saved)} saved={saved} />}
    </RuleCard>
  );
}

function Limits({ saved }: { saved: PromotionRule }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const [enabled, setEnabled] = useState(saved.enabled);
  const [minImages, setMinImages] = useState(String(saved.min_images));
  const [minGain, setMinGain] = useState(percentText(saved.min_gain));
  const rule = { enabled, min_images: Number(minImages), min_gain: shareOf(minGain) ?? 0 };
  const save = useMutation({
    mutationFn: () => api.setPromotionRule(rule),
    onSuccess: (answered) => {
      queries.setQueryData(KEY, answered);
    },
  });
  return (
    <RuleFields
      id="promotion"
      route="POST /models/promotion-rule"
      enabledText={t("models.promotionEnabled")}
      enabled={enabled}
      onEnable={setEnabled}
      isSaved={(["enabled", "min_images", "min_gain"] as const).every(
        (name) => rule[name] === saved[name],
      )}
      save={save}
    >
      <NumberField
        name={t("models.promotionMinImages")}
        field="min_images"
        hint={t("models.promotionMinImagesHint")}
        value={minImages}
        bounds={{ min: 1, step: 1, required: true }}
        onChange={setMinImages}
        testId="promotion-min_images"
      />
      <NumberField
        name={t("models.promotionMinGain")}
        field="min_gain"
        hint={t("models.promotionMinGainHint")}
        value={minGain}
        bounds={{ min: 0, max: 100, step: "any", required: true }}
        onChange={setMinGain}
        testId="promotion-min_gain"
      />
    </RuleFields>
  );
}
