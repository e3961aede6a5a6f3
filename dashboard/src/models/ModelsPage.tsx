import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { Move } from "visionflow-client";

import { MoveDialog } from "../moves/MoveDialog";
import { chosenModel, modelKey, modelParams } from "../registry/chosen";
import { useModels } from "../registry/useModels";
import { ModelsIcon } from "../ui/icons";
import { Missing } from "../ui/notice/Missing";
import { Notice } from "../ui/notice/Notice";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { AgreementPanel } from "./AgreementPanel";
import { ComparePanel } from "./ComparePanel";
import { DriftPanel } from "./DriftPanel";
import { ModelTabs } from "./ModelTabs";
import { MovesPanel } from "./moves/MovesPanel";
import css from "./ModelsPage.module.css";
import { PromotionPanel } from "./rule/PromotionPanel";
import { RulePanel } from "./rule/RulePanel";
import { ServingPanel } from "./ServingPanel";
import { ModelDetailPanel } from "./version/ModelDetailPanel";
import { VersionTable } from "./version/VersionTable";

export default function ModelsPage() {
  const { t } = useTranslation();
  const models = useModels();
  const [params, setParams] = useSearchParams();
  const [compared, setCompared] = useState<readonly string[]>([]);
  const [asked, setAsked] = useState<Move | null>(null);

  const list = models.data;
  const chosen = list && (chosenModel(list, params) ?? list.items[0]);
  return (
    <>
      <title>{`${t("app.models")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("models.title")}</h1>
          <p className="muted">{t("models.intro")}</p>
        </div>
      </div>
      <ModelTabs />
      {models.error && !list ? (
        <Missing error={models.error} route="GET /models" onRetry={() => void models.refetch()} />
      ) : !list ? (
        <PageSkeleton />
      ) : list.items.length === 0 ? (
        <section className="card panel">
          <Notice icon={<ModelsIcon />} title={t("accuracy.noModel")} testId="models-empty">
            <p>{t("accuracy.noModelText")}</p>
            <Link to="/training" className="button">
              {t("app.training")}
            </Link>
          </Notice>
        </section>
      ) : (
        <div className="stack">
          <ServingPanel aliases={list.aliases} onMove={setAsked} />
          <VersionTable
            items={list.items}
            chosen={chosen}
            compared={compared}
            onChoose={(next) => {
              setParams(modelParams(next), { replace: true });
            }}
            onCompare={setCompared}
          />
          {compared.length > 1 && (
            <ComparePanel items={list.items.filter((item) => compared.includes(modelKey(item)))} />
          )}
          {chosen && (
            <ModelDetailPanel
              key={modelKey(chosen)}
              item={chosen}
              aliases={list.aliases}
              onMove={setAsked}
            />
          )}
          <DriftPanel />
          <AgreementPanel />
          <div className={css.rules}>
            <RulePanel />
            <PromotionPanel />
          </div>
          <MovesPanel />
        </div>
      )}
      {asked && list && (
        <MoveDialog
          move={asked}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </>
  );
}
