import { useTranslation } from "react-i18next";
import type { MonthCost } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { decimal, fileSize, milliseconds } from "../../i18n/format";
import { itemText } from "../../i18n/texts";
import { DataTable } from "../../ui/DataTable";
import { Modal } from "../../ui/dialog/Modal";

interface BasisDialogProps {
  cost: MonthCost;
  onClose: () => void;
}

/** The prices, and what was measured on which model. */
export function BasisDialog({ cost, onClose }: BasisDialogProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { prices, measured } = cost;
  const number = (value: number) => decimal(value, language, 10);
  return (
    <Modal title={t("cost.basis.title")} onClose={onClose} place="side" testId="cost-basis-dialog">
      <section className="stack">
        <ul>
          <li>{t("cost.basis.counted")}</li>
          <li>{t("cost.basis.assumed")}</li>
          <li>{t("cost.basis.leftOut")}</li>
        </ul>
        <div>
          <h3 id="basis-measured">{t("cost.basis.measured")}</h3>
          <p className="muted small">{t("cost.basis.measuredText")}</p>
          <p className="small" data-testid="basis-model">
            {measured.model} · {measured.hardware} · {measured.measured_at}
          </p>
        </div>
        <DataTable
          columns={[
            { name: t("cost.basis.image") },
            { name: t("cost.basis.predict"), end: true },
            { name: t("cost.basis.ingest"), end: true },
          ]}
          labelledBy="basis-measured"
          testId="basis-measured"
        >
          {measured.images.map((image) => (
            <tr key={image.megapixels}>
              <th scope="row">
                {decimal(image.megapixels, language, 3)} MP, {fileSize(image.bytes, language)}
              </th>
              <td className="end">{milliseconds(image.http_ms, language)}</td>
              <td className="end">{milliseconds(image.s3_ms, language)}</td>
            </tr>
          ))}
        </DataTable>
        <div>
          <h3 id="basis-prices">{t("cost.basis.prices")}</h3>
          <p className="small">
            {prices.instead_of !== null &&
              `${t("cost.basis.pricesInstead", { asked: prices.instead_of, region: prices.region })} `}
            {t("cost.basis.pricesText", { region: prices.region, date: prices.looked_up })}{" "}
            <a href={prices.source} target="_blank" rel="noreferrer">
              {t("cost.basis.source")}
            </a>
          </p>
        </div>
        <DataTable
          columns={[
            { name: t("cost.basis.item") },
            { name: t("cost.basis.price"), end: true },
            { name: t("cost.basis.free"), end: true },
          ]}
          labelledBy="basis-prices"
          testId="basis-prices"
        >
          {Object.entries(prices.items).map(([item, usd]) => (
            <tr key={item}>
              <th scope="row">{itemText(t, item)}</th>
              <td className="end">{number(usd)}</td>
              <td className="end">
                {prices.free[item] === undefined ? "–" : decimal(prices.free[item], language, 0)}
              </td>
            </tr>
          ))}
        </DataTable>
      </section>
    </Modal>
  );
}
