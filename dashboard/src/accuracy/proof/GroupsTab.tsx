import { useTranslation } from "react-i18next";
import type { FoldScores, GroupSummary, Part, Report } from "visionflow-client";

import { BarChart } from "../../charts/Chart";
import { IntervalBar } from "../../ui/interval/IntervalBar";
import { useLanguage } from "../../i18n";
import { orDash, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { Tile } from "../../ui/Tile";
import { useMore } from "../../ui/useMore";
import { ServerText } from "../../ui/notice/ServerText";
import { NotMeasured } from "./NotMeasured";
import css from "./proof.module.css";

const MOST_LABELS = 20;
const PARTS = ["train", "validation", "test"] as const;

/** How the images were grouped, and what a split by file would have hidden. */
export function GroupsTab({ report }: { report: Report }) {
  const { t } = useTranslation();
  const { groups } = report.data;
  if (!groups) return <NotMeasured text={t("proof.byFileText")} />;
  return (
    <div className="stack">
      <Groups groups={groups} />
      {report.labels && <Splits {...report.labels} />}
      <Parts report={report} groups={groups} />
    </div>
  );
}

function Groups({ groups }: { groups: GroupSummary }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const number = (value: number) => whole(value, language);
  const bars = groups.sizes.map(({ low, high, groups: value }) => ({
    name: low === high ? number(low) : `${number(low)}–${number(high)}`,
    value,
  }));
  const single = groups.single_group_labels;
  return (
    <section className="card panel" aria-labelledby="groups-title" data-testid="groups">
      <div>
        <h2 id="groups-title">{t("proof.groups")}</h2>
        <p className="muted small">
          {t("proof.groupsText")} {t("proof.groupedBy")}: <code>{groups.by}</code>
        </p>
      </div>
      <div className={css.tiles}>
        <Tile
          name={t("proof.groupCount")}
          value={number(groups.groups)}
          note={t("proof.groupCountNote", { images: number(groups.images) })}
        />
        <Tile
          name={t("proof.largest")}
          value={number(groups.largest)}
          note={t("proof.largestNote")}
        />
        <Tile
          name={t("proof.wouldLeak")}
          value={`${number(groups.would_leak)} / ${number(groups.would_leak_of)}`}
        />
      </div>
      <p data-testid="would-leak">
        {t("proof.wouldLeakText", {
          leaking: number(groups.would_leak),
          images: number(groups.would_leak_of),
        })}
      </p>
      {single.length > 0 && (
        <div data-testid="single-groups">
          <h3>{t("proof.single")}</h3>
          <p className="small">{t("proof.singleText")}</p>
          <Labels labels={single} />
        </div>
      )}
      <div>
        <h3>{t("proof.sizes")}</h3>
        <BarChart
          bars={bars}
          x={t("proof.imagesPerGroup")}
          y={{ title: t("proof.groupCount"), min: 0, whole: true }}
          summary={`${t("proof.sizes")}: ${bars.map(({ name, value }) => `${name}: ${value}`).join(", ")}`}
          testId="group-sizes"
        />
      </div>
    </section>
  );
}

function Labels({ labels }: { labels: readonly string[] }) {
  const [shown, more] = useMore(labels, MOST_LABELS);
  return (
    <>
      <ul className={css.labels}>
        {shown.map((label) => (
          <li key={label} className="chip unsure">
            {label}
          </li>
        ))}
      </ul>
      {more}
    </>
  );
}

/** Accuracy by both kinds of split, of one classifier. */
function Splits({ skipped, scores }: { skipped: string | null; scores: FoldScores | null }) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (!scores) return skipped === null ? null : <SkippedSplits reason={skipped} />;
  const rows = [
    { name: t("proof.splitByGroup"), top1: scores.grouped_top1, interval: scores.grouped_interval },
    { name: t("proof.splitByFile"), top1: scores.random_top1, interval: scores.random_interval },
  ];
  return (
    <section className="card panel" aria-labelledby="splits-title">
      <div>
        <h2 id="splits-title">{t("proof.splits")}</h2>
        <p className="muted small">
          {t("proof.splitsText", {
            folds: whole(scores.folds, language),
            images: whole(scores.images, language),
          })}
        </p>
      </div>
      <dl className={css.splits} data-testid="splits">
        {rows.map(({ name, top1, interval }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <IntervalBar share={top1} interval={interval} n={scores.images} tone="test" />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function SkippedSplits({ reason }: { reason: string }) {
  const { t } = useTranslation();
  return (
    <section className="card panel" aria-labelledby="splits-title">
      <h2 id="splits-title">{t("proof.splits")}</h2>
      <p className="muted small">
        <ServerText text={reason} />
      </p>
    </section>
  );
}

interface PartsProps {
  report: Report;
  groups: GroupSummary;
}

/** The parts with their groups, and the images of given parts that leak. */
function Parts({ report: { data }, groups }: PartsProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const leakOf = (part: Part) => groups.leaks.find((leak) => leak.part === part);
  const leaks = PARTS.flatMap((part) => {
    const leak = leakOf(part);
    return leak && leak.leaking > 0 ? [{ ...leak, name: t(`proof.partNames.${part}`) }] : [];
  });
  return (
    <section className="card panel" aria-labelledby="parts-title">
      <h2 id="parts-title">{t("proof.parts")}</h2>
      <DataTable
        columns={[
          { name: t("proof.part") },
          { name: t("proof.origin") },
          { name: t("proof.imageCount"), end: true },
          { name: t("proof.groupCount"), end: true },
          { name: t("proof.leaking"), end: true },
        ]}
        labelledBy="parts-title"
        testId="parts"
      >
        {PARTS.map((part) => {
          const { images, groups: count, carved } = data[part];
          const leaking = leakOf(part)?.leaking;
          return (
            <tr key={part}>
              <th scope="row">{t(`proof.partNames.${part}`)}</th>
              <td>{t(carved ? "proof.carved" : "proof.given")}</td>
              <td className="end">{whole(images, language)}</td>
              <td className="end">{orDash(count, whole, language)}</td>
              <td className="end">{orDash(leaking, whole, language)}</td>
            </tr>
          );
        })}
      </DataTable>
      {leaks.map(({ part, name, images, leaking, examples }) => (
        <div key={part} data-testid="leak">
          <p className="error-text">
            {t("proof.leakText", {
              part: name,
              leaking: whole(leaking, language),
              images: whole(images, language),
            })}
          </p>
          <ul className={css.files}>
            {examples.map((file) => (
              <li key={file}>
                <code>{file}</code>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}
