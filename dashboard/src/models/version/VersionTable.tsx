import { useTranslation } from "react-i18next";
import { type ModelItem, modelRef } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { dateOf, fileSize, milliseconds, orDash, percent } from "../../i18n/format";
import { modelKey } from "../../registry/chosen";
import { DataTable } from "../../ui/DataTable";
import { servedMeasure } from "./forms";
import { OpenOnPhone } from "./OpenOnPhone";
import css from "./VersionTable.module.css";

interface VersionTableProps {
  items: readonly ModelItem[];
  chosen: ModelItem | undefined;
  /** Keys of the versions to compare. */
  compared: readonly string[];
  onChoose: (item: ModelItem) => void;
  onCompare: (compared: readonly string[]) => void;
}

const ALIAS_TONE = { production: "good", canary: "unsure", shadow: "accent" } as const;

export function VersionTable(props: VersionTableProps) {
  const { items, chosen, compared, onChoose, onCompare } = props;
  const { t } = useTranslation();
  const toggle = (key: string) => {
    onCompare(
      compared.includes(key) ? compared.filter((known) => known !== key) : [...compared, key],
    );
  };
  return (
    <section className="card panel" aria-labelledby="versions-title">
      <div className="panel-heading">
        <h2 id="versions-title">{t("models.versions")}</h2>
        <p className="muted small">{t("models.compareHint")}</p>
      </div>
      <DataTable
        columns={[
          { name: t("models.compare"), hidden: true },
          { name: t("accuracy.version") },
          { name: t("models.state") },
          { name: t("models.testTop1"), end: true },
          { name: t("models.size"), end: true },
          { name: t("models.latency"), end: true },
          { name: t("models.gate") },
          { name: t("models.created") },
        ]}
        labelledBy="versions-title"
        className={css.table}
        testId="versions"
      >
        {items.map((item) => (
          <Version
            key={modelKey(item)}
            item={item}
            isChosen={item === chosen}
            isCompared={compared.includes(modelKey(item))}
            onChoose={() => {
              onChoose(item);
            }}
            onCompare={() => {
              toggle(modelKey(item));
            }}
          />
        ))}
      </DataTable>
    </section>
  );
}

interface VersionProps {
  item: ModelItem;
  isChosen: boolean;
  isCompared: boolean;
  onChoose: () => void;
  onCompare: () => void;
}

function Version({ item, isChosen, isCompared, onChoose, onCompare }: VersionProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const served = servedMeasure(item);
  const title = modelKey(item);
  return (
    <tr
      className={isChosen ? css.chosen : ""}
      data-testid="version-row"
      data-model={modelRef(item)}
    >
      <td className={css.check}>
        <input
          type="checkbox"
          checked={isCompared}
          aria-label={t("models.compareOne", { version: title })}
          onChange={onCompare}
          data-testid="compare-check"
        />
      </td>
      <th scope="row">
        <span className={css.name}>
          <button type="button" className={css.open} aria-pressed={isChosen} onClick={onChoose}>
            {title}
          </button>
          <OpenOnPhone item={item} />
        </span>
      </th>
      <td>
        <span className={css.chips}>
          {item.aliases.map((alias) => (
            <span key={alias} className={`chip ${ALIAS_TONE[alias]}`}>
              {t(`models.alias.${alias}`)}
            </span>
          ))}
          {item.retired !== null && <span className="chip">{t("models.retired")}</span>}
        </span>
      </td>
      <td className="end">{orDash(item.metrics.test_top1, percent, language)}</td>
      <td className="end">{orDash(served?.bytes, fileSize, language)}</td>
      <td className="end">{orDash(served?.latencyMs, milliseconds, language)}</td>
      <td>
        <span className={`chip ${item.gate_passed ? "good" : "bad"}`}>
          {item.gate_passed ? t("models.passed") : t("models.failed")}
        </span>{" "}
        {item.precision}
      </td>
      <td className="numeric">{dateOf(item.created_at, language)}</td>
    </tr>
  );
}
