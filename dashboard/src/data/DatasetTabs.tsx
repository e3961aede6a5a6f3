import * as Tabs from "@radix-ui/react-tabs";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import type { DatasetDetails } from "../api/datasets";
import type { Facts } from "./facts/useWorkbench";
import { ImagesTab } from "./grid/ImagesTab";
import { HealthTab } from "./health/HealthTab";
import { TrainTab } from "./train/TrainTab";
import { useTraining } from "./train/useTraining";
import { VersionsTab } from "./versions/VersionsTab";

const TABS = ["images", "health", "train", "versions"] as const;

interface DatasetTabsProps {
  details: DatasetDetails;
  facts: Facts;
  /** Whether images are on their way. */
  sending: boolean;
  canEdit: boolean;
}

export function DatasetTabs({ details, facts, sending, canEdit }: DatasetTabsProps) {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const training = useTraining(details, facts, sending);
  const { dataset } = details;
  const tab = TABS.find((known) => known === params.get("tab")) ?? "images";
  return (
    <Tabs.Root
      className="stack"
      value={tab}
      onValueChange={(next) => {
        setParams({ dataset: dataset.name, tab: next }, { replace: true });
      }}
    >
      <Tabs.List className="tabs" aria-label={dataset.name}>
        {TABS.map((known) => (
          <Tabs.Trigger key={known} className="tab" value={known} data-testid={`tab-${known}`}>
            {t(`data.tabs.${known}`)}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content className="tab-content" value="images">
        <ImagesTab dataset={dataset} facts={facts} canEdit={canEdit} />
      </Tabs.Content>
      <Tabs.Content className="tab-content" value="health">
        <HealthTab details={details} facts={facts} canEdit={canEdit} />
      </Tabs.Content>
      <Tabs.Content className="tab-content" value="train">
        <TrainTab details={details} facts={facts} training={training} />
      </Tabs.Content>
      <Tabs.Content className="tab-content" value="versions">
        <VersionsTab dataset={dataset} />
      </Tabs.Content>
    </Tabs.Root>
  );
}
