import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RollbackRule } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { NumberField } from "../../ui/NumberField";
import { formOf, ruleOf, SHARES, type RuleForm } from "./rule";
import { RuleCard, RuleFields } from "./RuleCard";

const KEY = ["rule"];

/** The rule of automatic rollback: shown, edited, turned on and off. */
export function RulePanel() {
  const { t } = useTranslation();
  const api = useApi();
  const rule = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.rule(signal) });
  return (
    <RuleCard
      id="rule"
      title={t("models.rule")}
      text={t("models.ruleText")}
      route="GET /models/rule"
      rule={rule}
    >
      {/* A change saved by another user resets the form. */}
      {(saved) => <Limits key={JSON.stringify(saved)} saved={saved} />}
    </RuleCard>
  );
}

const TEXTS = {
  max_error_rate: ["models.ruleErrors", "models.ruleErrorsHint"],
  max_unknown_rate: ["models.ruleUnknown", "models.ruleUnknownHint"],
  max_disagreement: ["models.ruleDisagreement", "models.ruleDisagreementHint"],
} as const;

function Limits({ saved }: { saved: RollbackRule }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const [form, setForm] = useState(() => formOf(saved));
  const save = useMutation({
    mutationFn: () => api.setRule(ruleOf(form)),
    onSuccess: (rule) => {
      queries.setQueryData(KEY, rule);
    },
  });
  const change = (changes: Partial<RuleForm>) => {
    setForm((before) => ({ ...before, ...changes }));
  };
  return (
    <RuleFields
      id="rule"
      route="POST /models/rule"
      enabledText={t("models.ruleEnabled")}
      enabled={form.enabled}
      onEnable={(enabled) => {
        change({ enabled });
      }}
      isSaved={JSON.stringify(form) === JSON.stringify(formOf(saved))}
      save={save}
    >
      <NumberField
        name={t("models.ruleMinImages")}
        field="min_images"
        hint={t("models.ruleMinImagesHint")}
        value={form.min_images}
        bounds={{ min: 1, step: 1, required: true }}
        onChange={(min_images) => {
          change({ min_images });
        }}
        testId="rule-min_images"
      />
      {SHARES.map((share) => {
        const [name, hint] = TEXTS[share];
        return (
          <NumberField
            key={share}
            name={t(name)}
            field={share}
            hint={`${t(hint)} ${t("models.ruleNoLimit")}`}
            value={form[share]}
            bounds={{ min: 0, max: 99, step: "any" }}
            onChange={(text) => {
              change({ [share]: text });
            }}
            testId={`rule-${share}`}
          />
        );
      })}
    </RuleFields>
  );
}
