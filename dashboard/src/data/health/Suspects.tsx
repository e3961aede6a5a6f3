import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { ImageIcon } from "../../ui/icons";
import { useMore } from "../../ui/useMore";
import { labelText } from "../classes/names";
import { matching } from "../facts/filter";
import type { FactTable } from "../facts/table";
import { Reading } from "../facts/Reading";
import type { Facts } from "../facts/useWorkbench";
import { Thumbnails } from "../grid/thumbnails";
import css from "./HealthTab.module.css";

interface SuspectsProps {
  dataset: Dataset;
  facts: Facts;
  canEdit: boolean;
}

const STEP = 8;
const EXAMPLES = 3;

/** Images whose label looks wrong: between examples of the class they have and of the other. */
export function Suspects({ dataset, facts: { bench, revision }, canEdit }: SuspectsProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const { table } = bench;
  const thumbnails = useMemo(() => new Thumbnails(api, dataset.name), [api, dataset.name]);
  useSyncExternalStore(thumbnails.subscribe, thumbnails.revision);
  const { rows, examples } = useMemo(() => ({ revision, ...suspects(table) }), [table, revision]);
  const [shown, more] = useMore(rows, STEP);
  useEffect(() => {
    const needed = shown.flatMap((row) => [
      row,
      ...(examples.get(table.label(row)) ?? []),
      ...(examples.get(table.suggestion(row)) ?? []),
    ]);
    thumbnails.want([...new Set(needed)].map((row) => table.hash(row)));
  });
  const image = (row: number, style: string | undefined) => {
    const url = thumbnails.get(table.hash(row));
    return url === null ? (
      <span key={row} className={style}>
        <ImageIcon className={css.icon} />
      </span>
    ) : (
      <img key={row} className={style} src={url} alt="" />
    );
  };
  const side = (label: string | null, action: string, onClick: () => void, testId: string) => (
    <div className={css.side}>
      <strong>{label !== null && labelText(label, dataset.classes, language)}</strong>
      <span className={css.examples}>
        {(examples.get(label) ?? []).map((row) => image(row, css.example))}
      </span>
      {canEdit && (
        <button type="button" className="button small" onClick={onClick} data-testid={testId}>
          {action}
        </button>
      )}
    </div>
  );
  return (
    <section className="card panel" aria-labelledby="suspects-title">
      <div>
        <h2 id="suspects-title">{t("data.suspects")}</h2>
        <p className="muted small">{t("data.suspectsText")}</p>
      </div>
      {rows.length === 0 ? (
        bench.complete ? (
          <p data-testid="no-suspects">{t("data.noSuspects")}</p>
        ) : (
          <Reading bench={bench} />
        )
      ) : (
        <ul className={css.suspects}>
          {shown.map((row) => {
            const label = table.label(row);
            const suggestion = table.suggestion(row);
            return (
              <li key={row} className={css.suspect} data-testid="suspect">
                {side(
                  label,
                  t("data.keepLabel"),
                  () => {
                    bench.change([row], { label });
                  },
                  "suspect-keep",
                )}
                <div className={css.middle}>{image(row, css.image)}</div>
                {side(
                  suggestion,
                  t("data.changeLabel"),
                  () => {
                    bench.change([row], { label: suggestion });
                  },
                  "suspect-change",
                )}
              </li>
            );
          })}
        </ul>
      )}
      {more}
    </section>
  );
}

/** The suspected rows, and the first unsuspected ones of each class to compare them with. */
function suspects(table: FactTable) {
  const nothing = { label: null, part: null, source: null };
  const rows = [...matching(table, { view: "suspected", ...nothing })];
  const examples = new Map<string | null, number[]>();
  for (const row of matching(table, { view: "all", ...nothing })) {
    const label = table.label(row);
    if (label === null || table.state(row) !== "ready" || table.suggestion(row) !== null) continue;
    const known = examples.get(label);
    if (known === undefined) examples.set(label, [row]);
    else if (known.length < EXAMPLES) known.push(row);
  }
  return { rows, examples };
}
