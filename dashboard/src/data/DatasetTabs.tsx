import * as Tabs from "@radix-ui/react-tabs";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { DatasetDetails } from "visionflow-client";

import type { Facts } from "./facts/useWorkbench";
import { ImagesTab } from "./grid/ImagesTab";
import { HealthTab } from "./health/HealthTab";
import { OnTrial } from "./loop/OnTrial";
import { ProposalCard } from "./loop/ProposalCard";
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

/** What comes next, and everything there is of a dataset, part by part. */
export function DatasetTabs({ details, facts, sending, canEdit }: DatasetTabsProps) {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const training = useTraining(details, facts, sending);
  const { dataset, run, proposal } = details;
  const tab = TABS.find((known) => known === params.get("tab")) ?? "images";
  const show = (next: string) => {
    setParams({ dataset: dataset.name, tab: next }, { replace: true });
  };
  return (
    <Tabs.Root className="stack" value={tab} onValueChange={show}>
      <OnTrial model={run?.model ?? dataset.name} />
      {proposal && (
        <ProposalCard
          proposal={proposal}
          details={details}
          isTraining={training.isBusy || training.waits}
          onTrain={() => {
            // Where classes with too few images are in the way, the tab says what to do.
            if (training.few.length === 0) training.start();
            show("train");
          }}
          onShow={() => {
            show("train");
          }}
        />
      )}
      <Tabs.List className="tabs" aria-label={dataset.name}>
        {TABS.map((known) => (
          <Tabs.Trigger key={known} className="tab" value={known} data-testid={`tab-${known}`}>
            {t(`data.tabs.${known}`)}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content className="tab-content" value="images">
        <ImagesTab details={details} facts={facts} canEdit={canEdit} />
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
