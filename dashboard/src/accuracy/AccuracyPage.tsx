import { useQuery } from "@tanstack/react-query";
import * as Tabs from "@radix-ui/react-tabs";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useApi } from "../api/ApiContext";
import { useModels } from "../models/useModels";
import { Missing } from "../ui/Missing";
import { PageSkeleton } from "../ui/PageSkeleton";
import { ClassesTab } from "./ClassesTab";
import { ConfusionTab } from "./ConfusionTab";
import { CurvesTab } from "./CurvesTab";
import { EmbeddingTab } from "./EmbeddingTab";
import { Headline } from "./Headline";
import { LabelQueue } from "./LabelQueue";
import { MistakesTab } from "./MistakesTab";
import { NoReport } from "./NoReport";
import { MAP_PICTURES_FILE, type Report, readReport } from "./report";
import { VersionPicker } from "./VersionPicker";

const REPORT_TABS = ["classes", "confusion", "curves", "map", "mistakes"] as const;
const TABS = [...REPORT_TABS, "label"] as const;
type Tab = (typeof TABS)[number];

export default function AccuracyPage() {
  const { t } = useTranslation();
  const api = useApi();
  const [params, setParams] = useSearchParams();
  const models = useModels();
  const production = models.data?.aliases.production?.version;
  const version = params.get("version") ?? production ?? models.data?.items[0]?.version;
  const chosen = models.data?.items.find((item) => item.version === version);
  const model = useQuery({
    queryKey: ["model", chosen?.name, version],
    queryFn: ({ signal }) => api.model(version ?? "", chosen?.name, signal),
    enabled: version !== undefined,
    staleTime: 60_000,
  });
  const report = useMemo(() => readReport(model.data?.report), [model.data]);
  const tab = TABS.find((known) => known === params.get("tab")) ?? "classes";
  const failure = models.error ?? model.error;

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
        {models.data && version !== undefined && (
          <VersionPicker
            models={models.data}
            version={version}
            onChange={(next) => {
              change({ version: next });
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
        {report && tab !== "label" && <Headline evaluation={report.test} />}
        <Tabs.List className="tabs" aria-label={t("accuracy.title")}>
          {TABS.map((name) => (
            <Tabs.Trigger key={name} className="tab" value={name} data-testid={`tab-${name}`}>
              {t(`accuracy.tabs.${name}`)}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {REPORT_TABS.map((name) => (
          <Tabs.Content key={name} className="tab-content" value={name}>
            {failure ? (
              <Missing error={failure} route="GET /models" onRetry={() => void models.refetch()} />
            ) : models.isPending || (model.isPending && version !== undefined) ? (
              <PageSkeleton />
            ) : report ? (
              <ReportTab name={name} report={report} files={model.data?.files ?? {}} />
            ) : (
              <NoReport version={version} />
            )}
          </Tabs.Content>
        ))}
        <Tabs.Content className="tab-content" value="label">
          <LabelQueue />
        </Tabs.Content>
      </Tabs.Root>
    </>
  );
}

interface ReportTabProps {
  name: Exclude<Tab, "label">;
  report: Report;
  /** Addresses of the version's files, by their paths. */
  files: Record<string, string>;
}

function ReportTab({ name, report, files }: ReportTabProps) {
  switch (name) {
    case "classes":
      return <ClassesTab report={report} />;
    case "confusion":
      return <ConfusionTab report={report} />;
    case "curves":
      return <CurvesTab findings={report.findings} />;
    case "map":
      return <EmbeddingTab report={report} sheet={files[MAP_PICTURES_FILE]} />;
    case "mistakes":
      return <MistakesTab findings={report.findings} />;
  }
}
