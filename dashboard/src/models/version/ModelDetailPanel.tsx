import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Aliases, ModelItem, Move, Report } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { useLanguage } from "../../i18n";
import { decimal, fileSize, milliseconds, orDash, percent } from "../../i18n/format";
import { modelKey, modelParams } from "../../registry/chosen";
import { useModel } from "../../registry/useModel";
import { DataTable } from "../../ui/DataTable";
import { Missing } from "../../ui/notice/Missing";
import { MissingScope } from "../../ui/notice/MissingScope";
import { ServerText } from "../../ui/notice/ServerText";
import { MoveActions } from "../moves/MoveActions";
import { formMeasures } from "./forms";
import { GateTable } from "./GateTable";
import css from "./ModelDetailPanel.module.css";
import { LatestComparison } from "./LatestComparison";
import { Sealed } from "./Sealed";

interface ModelDetailPanelProps {
  item: ModelItem;
  aliases: Aliases;
  onMove: (move: Move) => void;
}

/** One version: size, latency and score of each form, and the gate. */
export function ModelDetailPanel({ item, aliases, onMove }: ModelDetailPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const may = useMay();
  const title = modelKey(item);
  const model = useModel(item);
  const manifest = model.data?.manifest;
  const report = model.data?.report as Partial<Report> | null | undefined;
  const quantization = manifest?.quantization;
  const page = model.data?.files["report.html"];
  return (
    <section className="card panel" aria-labelledby="detail-title" data-testid="model-detail">
      <div className="panel-heading">
        <h2 id="detail-title">{title}</h2>
        <div className="row">
          <Link to={`/accuracy?${new URLSearchParams(modelParams(item)).toString()}`}>
            {t("models.openAccuracy")}
          </Link>
          <LatestComparison item={item} />
          {page !== undefined && (
            <a href={`${page}#language-${language}`} target="_blank" rel="noreferrer">
              {t("models.openReport")}
            </a>
          )}
        </div>
      </div>
      <div className={css.columns}>
        <Forms item={item} />
        <div className={css.part}>
          <h3 id="gate-title">{t("models.gateTitle")}</h3>
          {manifest ? (
            <>
              <GateTable
                checks={manifest.gate}
                labelledBy="gate-title"
                images={report?.validation?.images}
              />
              {quantization?.fallback_reason && (
                <p className="error-text small">
                  <ServerText text={quantization.fallback_reason} />
                </p>
              )}
              {item.force && <p className="error-text small">{t("models.forced", item.force)}</p>}
              {quantization && (
                <p className="muted small">
                  <ServerText text={quantization.scheme} />
                  {"; "}
                  <ServerText text={quantization.calibration} />
                </p>
              )}
            </>
          ) : model.error ? (
            <Missing
              error={model.error}
              route="GET /models/{name}/{version}"
              onRetry={() => void model.refetch()}
            />
          ) : (
            <div className={`skeleton ${css.waiting}`} />
          )}
        </div>
      </div>
      <Sealed item={item} />
      {may("POST /models/{name}/{version}/promote") ? (
        <MoveActions item={item} aliases={aliases} onMove={onMove} />
      ) : (
        <MissingScope route="POST /models/{name}/{version}/promote" />
      )}
    </section>
  );
}

function Forms({ item }: { item: ModelItem }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const measures = formMeasures(item);
  const base = measures.find(({ form }) => form !== "fp32" && form !== "int8")?.latencyMs ?? null;
  return (
    <div className={css.part}>
      <h3 id="forms-title">{t("models.forms")}</h3>
      <DataTable
        columns={[
          { name: t("models.form") },
          { name: t("models.size"), end: true },
          { name: t("models.latency"), end: true },
          { name: t("models.speedup"), end: true },
          { name: t("models.validationTop1"), end: true },
        ]}
        labelledBy="forms-title"
        testId="forms"
      >
        {measures.map(({ form, served, bytes, latencyMs, validationTop1 }) => (
          <tr key={form}>
            <th scope="row">
              {t(`models.formNames.${form}`)}{" "}
              {served && <span className="chip good">{t("models.served")}</span>}
            </th>
            <td className="end">{orDash(bytes, fileSize, language)}</td>
            <td className="end">{orDash(latencyMs, milliseconds, language)}</td>
            <td className="end">
              {latencyMs === null || base === null
                ? "–"
                : `${decimal(base / latencyMs, language)}×`}
            </td>
            <td className="end">{orDash(validationTop1, percent, language)}</td>
          </tr>
        ))}
      </DataTable>
      <p className="muted small">{t("models.formsNote")}</p>
    </div>
  );
}
