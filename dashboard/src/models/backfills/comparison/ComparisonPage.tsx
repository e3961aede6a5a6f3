import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { type BackfillComparison, readRef } from "visionflow-client";

import { addComparisonTexts } from "../../../i18n/comparison/texts";
import { modelKey } from "../../../registry/chosen";
import { ModelsIcon } from "../../../ui/icons";
import { Missing } from "../../../ui/notice/Missing";
import { Notice } from "../../../ui/notice/Notice";
import { PageSkeleton } from "../../../ui/notice/PageSkeleton";
import { ModelTabs } from "../../ModelTabs";
import { ChangesPanel } from "./ChangesPanel";
import css from "./ComparisonPage.module.css";
import { ExamplesPanel } from "./examples/ExamplesPanel";
import { type Filter, readFilter, writeFilter } from "./filter";
import { LabelsPanel } from "./LabelsPanel";
import { PromotePanel } from "./PromotePanel";
import { ShiftPanel } from "./ShiftPanel";
import { SlicesPanel } from "./SlicesPanel";
import { useComparison } from "./useComparison";
import { VerdictPanel } from "./VerdictPanel";

/** How the answers of a backfill's two versions differ, before anyone promotes the new one. */
export default function ComparisonPage() {
  const { t, i18n } = useTranslation();
  useState(() => {
    addComparisonTexts(i18n);
  });
  const { id = "" } = useParams();
  const { comparison, error, reload, renew } = useComparison(id);
  return (
    <>
      <title>{`${t("comparison.title")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("comparison.title")}</h1>
          <p className="muted">
            {comparison
              ? t("comparison.intro", {
                  new: versionText(comparison.new),
                  old: versionText(comparison.old),
                })
              : t("comparison.introUnread")}
          </p>
        </div>
        <Link to={`/models/backfills?${new URLSearchParams({ backfill: id }).toString()}`}>
          {t("comparison.back")}
        </Link>
      </div>
      <ModelTabs />
      {comparison ? (
        <Comparison comparison={comparison} onBroken={renew} />
      ) : error ? (
        <section className="card panel">
          <Missing error={error} route="GET /backfills/{id}/comparison" onRetry={reload} />
        </section>
      ) : (
        <PageSkeleton />
      )}
    </>
  );
}

interface ComparisonProps {
  comparison: BackfillComparison;
  onBroken: () => void;
}

function Comparison({ comparison, onBroken }: ComparisonProps) {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const filter = readFilter(params);
  const choose = (changes: Partial<Filter>) => {
    setParams(writeFilter({ ...filter, ...changes }), { replace: true });
  };
  // The examples may be out of sight of what chooses them.
  const show = (wanted: Partial<Filter>) => {
    setParams(writeFilter({ cell: null, label: null, cluster: null, ...wanted }), {
      replace: true,
    });
    document.getElementById("examples-title")?.scrollIntoView({ block: "nearest" });
  };
  if (comparison.images === 0) {
    return (
      <div className="stack">
        <section className="card panel">
          <Notice icon={<ModelsIcon />} title={t("comparison.noImages")} testId="none-compared">
            <p>{t("comparison.noImagesText")}</p>
          </Notice>
        </section>
        <VerdictPanel comparison={comparison} />
      </div>
    );
  }
  return (
    <div className="stack">
      <VerdictPanel comparison={comparison} />
      {comparison.confusion.length === 0 ? (
        <section className="card panel">
          <Notice icon={<ModelsIcon />} title={t("comparison.noneDiffer")} testId="none-differ">
            <p>{t("comparison.noneDifferText")}</p>
          </Notice>
        </section>
      ) : (
        <div className={css.columns}>
          <ChangesPanel comparison={comparison} filter={filter} onChoose={show} />
          <ExamplesPanel
            comparison={comparison}
            filter={filter}
            onFilter={choose}
            onBroken={onBroken}
          />
        </div>
      )}
      <ShiftPanel confidence={comparison.confidence} />
      <LabelsPanel comparison={comparison} filter={filter} onChoose={show} />
      <SlicesPanel comparison={comparison} />
      <PromotePanel version={comparison.new} />
    </div>
  );
}

/** A version's name as people read it. */
function versionText(ref: string): string {
  const model = readRef(ref);
  return model ? modelKey(model) : ref;
}
