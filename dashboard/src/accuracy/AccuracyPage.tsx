import * as Tabs from "@radix-ui/react-tabs";
import { lazy, Suspense, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type ModelItem, type ModelList, readRef, type Report } from "visionflow-client";

import { chosenModel, modelKey, modelParams } from "../registry/chosen";
import { useModel } from "../registry/useModel";
import { useModels } from "../registry/useModels";
import { Missing } from "../ui/notice/Missing";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { ConfusionTab } from "./confusion/ConfusionTab";
import { CurvesTab } from "./curves/CurvesTab";
import { NoReport } from "./NoReport";
import { FewGroups } from "./proof/FewGroups";
import { GroupsTab } from "./proof/GroupsTab";
import { SetsTab } from "./proof/SetsTab";
import { SuspectsTab } from "./proof/SuspectsTab";
import { UnfamiliarTab } from "./proof/UnfamiliarTab";
import { ClassesTab } from "./report/ClassesTab";
import { EmbeddingTab } from "./map/EmbeddingTab";
import { Headline } from "./report/Headline";
import { type Holding, holdingOf } from "./report/holding";
import { LevelsTab } from "./report/LevelsTab";
import { MistakesTab } from "./report/MistakesTab";
import { MAP_IMAGES_FILE, readReport } from "./report/report";
import { VersionPicker } from "./VersionPicker";

// A report is read far more often than its images are labelled.
const LabelQueue = lazy(() => import("./queue/LabelQueue"));

const REPORT_TABS = [
  "classes",
  "confusion",
  "levels",
  "curves",
  "map",
  "mistakes",
  "groups",
  "unfamiliar",
  "sets",
  "suspects",
] as const;
const TABS = [...REPORT_TABS, "label"] as const;
type Tab = (typeof TABS)[number];

export default function AccuracyPage() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const models = useModels();
  const chosen = models.data && (chosenModel(models.data, params) ?? newest(models.data, params));
  const wanted = chosen ?? readRef(params.get("model"));
  const model = useModel(wanted);
  const report = useMemo(() => readReport(model.data?.report), [model.data]);
  const holding = holdingOf(model.data);
  const tab = TABS.find((known) => known === params.get("tab")) ?? "classes";
  const failure = models.error ?? model.error;
  const isWaiting = !failure && (models.isPending || (model.isPending && wanted !== undefined));

  const tabs = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // On a phone the last ones lie beyond the edge.
    const list = tabs.current;
    const active = list?.querySelector<HTMLElement>("[data-state=active]");
    if (list && active) {
      const middle = active.offsetLeft - list.offsetLeft + active.offsetWidth / 2;
      list.scrollLeft = middle - list.clientWidth / 2;
    }
  }, [tab]);

  const change = (changes: Record<string, string>) => {
    setParams((before) => new URLSearchParams({ ...Object.fromEntries(before), ...changes }), {
      replace: true,
    });
  };
  return (
    <>
      <title>{`${t("app.accuracy")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("accuracy.title")}</h1>
          <p className="muted">{t("accuracy.intro")}</p>
        </div>
        {(chosen ?? models.isPending) && (
          <VersionPicker
            models={models.data}
            chosen={chosen}
            onChange={(next) => {
              change(modelParams(next));
            }}
          />
        )}
      </div>
      <Tabs.Root
        className="stack"
        value={tab}
        onValueChange={(next) => {
          change({ tab: next });
        }}
      >
        {(report ?? isWaiting) && tab !== "label" && (
          <Headline evaluation={report?.test ?? null} holding={holding} />
        )}
        <Tabs.List ref={tabs} className="tabs" aria-label={t("accuracy.title")}>
          {TABS.filter((name) => name !== "levels" || report?.levels).map((name) => (
            <Tabs.Trigger key={name} className="tab" value={name} data-testid={`tab-${name}`}>
              {t(`accuracy.tabs.${name}`)}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {REPORT_TABS.map((name) => (
          <Tabs.Content key={name} className="tab-content" value={name}>
            {failure ? (
              <Missing error={failure} route="GET /models" onRetry={() => void models.refetch()} />
            ) : isWaiting ? (
              <PageSkeleton />
            ) : report ? (
              <div className="stack">
                <FewGroups evaluation={report.test} />
                <ReportTab
                  name={name}
                  report={report}
                  files={model.data?.files ?? {}}
                  holding={holding}
                />
              </div>
            ) : (
              <NoReport version={wanted && modelKey(wanted)} />
            )}
          </Tabs.Content>
        ))}
        <Tabs.Content className="tab-content" value="label">
          <Suspense fallback={<PageSkeleton />}>
            <LabelQueue />
          </Suspense>
        </Tabs.Content>
      </Tabs.Root>
    </>
  );
}

/** The newest version, for when nothing serves; nothing if the address names an unknown version. */
function newest({ items }: ModelList, params: URLSearchParams): ModelItem | undefined {
  return params.has("model") ? undefined : items[0];
}

interface ReportTabProps {
  name: Exclude<Tab, "label">;
  report: Report;
  /** URLs of the version's files, by path. */
  files: Record<string, string>;
  holding: Holding;
}

function ReportTab({ name, report, files, holding }: ReportTabProps) {
  switch (name) {
    case "classes":
      return <ClassesTab report={report} />;
    case "confusion":
      return <ConfusionTab report={report} />;
    case "levels":
      return <LevelsTab levels={report.levels} images={report.test.images} holding={holding} />;
    case "curves":
      return <CurvesTab report={report} holding={holding} />;
    case "map":
      return <EmbeddingTab report={report} sheet={files[MAP_IMAGES_FILE]} />;
    case "mistakes":
      return <MistakesTab findings={report.findings} />;
    case "groups":
      return <GroupsTab report={report} />;
    case "unfamiliar":
      return <UnfamiliarTab measured={report.unfamiliar} holding={holding} />;
    case "sets":
      return <SetsTab sets={report.prediction_sets} images={report.test.images} />;
    case "suspects":
      return <SuspectsTab check={report.labels} />;
  }
}
