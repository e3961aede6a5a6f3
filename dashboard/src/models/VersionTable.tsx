import { useTranslation } from "react-i18next";

import type { ModelItem } from "../api/types";
import { useLanguage } from "../i18n";
import { dateOf, fileSize, milliseconds, percent } from "../ui/format";
import { servedMeasure } from "./forms";
import css from "./VersionTable.module.css";

interface VersionTableProps {
  items: readonly ModelItem[];
  chosen: ModelItem | undefined;
  compared: readonly string[];
  onChoose: (version: string) => void;
  onCompare: (versions: readonly string[]) => void;
}

const ALIAS_TONE = { production: "good", canary: "unsure", shadow: "accent" } as const;

export function VersionTable(props: VersionTableProps) {
  const { items, chosen, compared, onChoose, onCompare } = props;
  const { t } = useTranslation();
  const toggle = (version: string) => {
    onCompare(
      compared.includes(version)
        ? compared.filter((known) => known !== version)
        : [...compared, version],
    );
  };
  return (
    <section className="card panel" aria-labelledby="versions-title">
      <div className="panel-heading">
        <h2 id="versions-title">{t("models.versions")}</h2>
        <p className="muted small">{t("models.compareHint")}</p>
      </div>
      <div className="table-scroll" role="group" aria-labelledby="versions-title" tabIndex={0}>
        <table className={`table ${css.table}`} data-testid="versions">
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">{t("models.compare")}</span>
              </th>
              <th scope="col">{t("accuracy.version")}</th>
              <th scope="col">{t("models.state")}</th>
              <th scope="col" className="end">
                {t("models.testTop1")}
              </th>
              <th scope="col" className="end">
                {t("models.size")}
              </th>
              <th scope="col" className="end">
                {t("models.latency")}
              </th>
              <th scope="col">{t("models.gate")}</th>
              <th scope="col">{t("models.created")}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <Version
                key={`${item.name} ${item.version}`}
                item={item}
                isChosen={item === chosen}
                isCompared={compared.includes(item.version)}
                onChoose={() => {
                  onChoose(item.version);
                }}
                onCompare={() => {
                  toggle(item.version);
                }}
              />
            ))}
          </tbody>
        </table>
      </div>
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
  const top1 = item.metrics.test_top1;
  const title = `${item.name} ${item.version}`;
  return (
    <tr
      className={isChosen ? css.chosen : ""}
      data-testid="version-row"
      data-version={item.version}
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
        <button type="button" className={css.open} aria-pressed={isChosen} onClick={onChoose}>
          {title}
        </button>
      </th>
      <td>
        <span className={css.chips}>
          {item.aliases.map((alias) => (
            <span key={alias} className={`chip ${ALIAS_TONE[alias]}`}>
              {t(`models.alias.${alias}`)}
            </span>
          ))}
          {item.retired_at !== null && <span className="chip">{t("models.retired")}</span>}
        </span>
      </td>
      <td className="end">{top1 === undefined ? "–" : percent(top1, language)}</td>
      <td className="end">{served?.bytes ? fileSize(served.bytes, language) : "–"}</td>
      <td className="end">{served?.latencyMs ? milliseconds(served.latencyMs, language) : "–"}</td>
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
