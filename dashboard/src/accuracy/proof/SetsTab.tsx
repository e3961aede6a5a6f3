import { useTranslation } from "react-i18next";
import type { SetCoverage } from "visionflow-client";

import { IntervalBar } from "../../ui/interval/IntervalBar";
import { useLanguage } from "../../i18n";
import { decimal, percent } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { NotMeasured } from "./NotMeasured";
import css from "./proof.module.css";

interface SetsTabProps {
  /** `undefined`: the version is older than the measurement. */
  sets: readonly SetCoverage[] | undefined;
  /** Test images. */
  images: number;
}

/** Whether prediction sets hold the true label as often as was asked for. */
export function SetsTab({ sets, images }: SetsTabProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (sets === undefined) return <NotMeasured />;
  if (sets.length === 0) return <NotMeasured title={t("proof.noSets")} text="" />;
  return (
    <section className="card panel" aria-labelledby="sets-title">
      <div>
        <h2 id="sets-title">{t("proof.sets")}</h2>
        <p className="muted small">{t("proof.setsText")}</p>
      </div>
      <DataTable
        columns={[
          { name: t("proof.asked") },
          { name: t("proof.measured") },
          { name: t("proof.meanSize"), end: true },
          { name: t("proof.empty"), end: true },
        ]}
        labelledBy="sets-title"
        className={css.table}
        testId="sets"
      >
        {sets.map(({ coverage, measured, interval, mean_size: size, empty }) => (
          <tr key={coverage}>
            <th scope="row">{percent(coverage, language)}</th>
            <td>
              <IntervalBar share={measured} interval={interval} n={images} tone="test" />
            </td>
            <td className="end">{decimal(size, language, 2)}</td>
            <td className="end">{percent(empty, language)}</td>
          </tr>
        ))}
      </DataTable>
    </section>
  );
}
