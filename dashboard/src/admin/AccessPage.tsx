import * as Tabs from "@radix-ui/react-tabs";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useMay, useMe } from "../access/useMe";
import { ShieldIcon } from "../ui/icons";
import { MissingScope } from "../ui/notice/MissingScope";
import { Notice } from "../ui/notice/Notice";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { AuditPanel } from "./audit/AuditPanel";
import { ErasePanel } from "./erase/ErasePanel";
import { HooksPanel } from "./hooks/HooksPanel";
import { KeysPanel } from "./keys/KeysPanel";

const TABS = { keys: KeysPanel, hooks: HooksPanel, audit: AuditPanel, erase: ErasePanel } as const;
const NAMES = Object.keys(TABS) as (keyof typeof TABS)[];

/** For admins: API keys, who hears of events, the audit trail, and the erasure of an owner's data. */
export default function AccessPage() {
  const { t } = useTranslation();
  const me = useMe();
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const tab = NAMES.find((name) => name === params.get("tab")) ?? "keys";
  return (
    <>
      <title>{`${t("app.access")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("admin.title")}</h1>
          <p className="muted">{t("admin.intro")}</p>
        </div>
      </div>
      {may("GET /keys") ? (
        <Tabs.Root
          className="stack"
          value={tab}
          onValueChange={(next) => {
            setParams({ tab: next }, { replace: true });
          }}
        >
          <Tabs.List className="tabs" aria-label={t("admin.title")}>
            {NAMES.map((name) => (
              <Tabs.Trigger key={name} className="tab" value={name} data-testid={`tab-${name}`}>
                {t(`admin.tabs.${name}`)}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          {NAMES.map((name) => {
            const Panel = TABS[name];
            return (
              <Tabs.Content key={name} className="tab-content" value={name}>
                <Panel />
              </Tabs.Content>
            );
          })}
        </Tabs.Root>
      ) : me ? (
        <section className="card panel">
          <Notice icon={<ShieldIcon />} title={t("admin.notYours")} testId="not-admin">
            <MissingScope route="GET /keys" />
          </Notice>
        </section>
      ) : (
        <PageSkeleton />
      )}
    </>
  );
}
