import { useTranslation } from "react-i18next";
import type { Unfamiliar } from "visionflow-client";

import { LineChart } from "../../charts/Chart";
import { useLanguage } from "../../i18n";
import { percent, score, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { Tile } from "../../ui/Tile";
import type { Holding } from "../report/holding";
import { NotMeasured } from "./NotMeasured";
import css from "./proof.module.css";

interface UnfamiliarTabProps {
  /** `null`: the version has no threshold; `undefined`: it is older than the measurement. */
  measured: Unfamiliar | null | undefined;
  holding: Holding;
}

/** Whether images that the model was not taught are recognised as such. */
export function UnfamiliarTab({ measured, holding }: UnfamiliarTabProps) {
  const { t } = useTranslation();
  if (measured === undefined) return <NotMeasured />;
  if (measured === null) {
    return (
      <NotMeasured
        title={t("proof.noUnfamiliar")}
        text={holding.neverUnsure ? t("accuracy.neverUnknown") : t("proof.noUnfamiliarText")}
      />
    );
  }
  return <Measured measured={measured} />;
}

function Measured({ measured }: { measured: Unfamiliar }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const share = (value: number) => percent(value, language);
  const { strangers } = measured;
  const series = [
    ...strangers.map(({ name, auroc, curve }) => ({
      name: `${name} (${score(auroc, language)})`,
      points: curve.x.map((x, index) => ({ x, y: curve.y[index] ?? 0 })),
    })),
    {
      name: t("accuracy.chance"),
      points: [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
      reference: true,
    },
  ];
  return (
    <div className="stack">
      <section className="card panel" aria-labelledby="unfamiliar-title" data-testid="unfamiliar">
        <div>
          <h2 id="unfamiliar-title">{t("proof.unfamiliar")}</h2>
          <p className="muted small">
            {t("proof.unfamiliarText", {
              threshold: score(measured.threshold, language),
              target: share(measured.kept_target),
            })}
          </p>
        </div>
        <div className={css.tiles}>
          <Tile
            name={t("proof.keptValidation")}
            value={share(measured.kept_validation)}
            note={t("proof.keptNote")}
          />
          <Tile
            name={t("proof.keptTest")}
            value={share(measured.kept_test)}
            note={t("proof.keptNote")}
          />
          <Tile
            name={t("proof.unsureTest")}
            value={share(measured.unsure_test)}
            note={t("proof.ofTest")}
          />
          <Tile
            name={t("proof.unfamiliarTest")}
            value={share(measured.unfamiliar_test)}
            note={t("proof.ofTest")}
          />
        </div>
      </section>
      <section className="card panel" aria-labelledby="strangers-title">
        <div>
          <h2 id="strangers-title">{t("proof.strangers")}</h2>
          <p className="muted small">
            {t(strangers.length > 0 ? "proof.strangersText" : "proof.noStrangers")}
          </p>
        </div>
        {strangers.length > 0 && (
          <DataTable
            columns={[
              { name: t("proof.strangerSet") },
              { name: t("proof.imageCount"), end: true },
              { name: t("proof.answered"), end: true },
              { name: "AUROC", end: true },
            ]}
            labelledBy="strangers-title"
            testId="strangers"
          >
            {strangers.map(({ name, images, answered, auroc }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className="end">{whole(images, language)}</td>
                <td className="end">{share(answered)}</td>
                <td className="end">{score(auroc, language)}</td>
              </tr>
            ))}
          </DataTable>
        )}
      </section>
      {strangers.length > 0 && (
        <section className="card panel" aria-label={t("proof.strangerRoc")}>
          <div>
            <h2>{t("proof.strangerRoc")}</h2>
            <p className="muted small">{t("proof.strangerRocText")}</p>
          </div>
          <LineChart
            series={series}
            x={{ title: t("proof.strangersKept"), min: 0, max: 1, percent: true }}
            y={{ title: t("proof.ownKept"), min: 0, max: 1, percent: true }}
            summary={`${t("proof.strangerRoc")}: ${series.map(({ name }) => name).join(", ")}`}
            height={320}
            testId="stranger-roc"
          />
        </section>
      )}
    </div>
  );
}
