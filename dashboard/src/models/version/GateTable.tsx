import { useTranslation } from "react-i18next";
import type { GateCheck } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { gateText } from "../../i18n/texts";
import { DataTable } from "../../ui/DataTable";

interface GateTableProps {
  checks: readonly GateCheck[];
  labelledBy: string;
  /** Validation images that the checks ran on, where the report tells. */
  images: number | undefined;
}

/** Each condition for promotion with its measured value and its limit. */
export function GateTable({ checks, labelledBy, images }: GateTableProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const number = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
  return (
    <>
      <p className="muted small" data-testid="gate-proves">
        {t("models.gateProves")}{" "}
        {images !== undefined && t("models.gateImages", { images: whole(images, language) })}
      </p>
      <DataTable
        columns={[
          { name: t("models.check") },
          { name: t("models.measured"), end: true },
          { name: t("models.limit"), end: true },
          { name: t("models.result") },
        ]}
        labelledBy={labelledBy}
        testId="gate"
      >
        {checks.map(({ name, value, limit, passed }) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {gateText(t, name)}
            </th>
            <td className="end">{number.format(value)}</td>
            <td className="end">≤ {number.format(limit)}</td>
            <td>
              <span className={`chip ${passed ? "good" : "bad"}`}>
                {passed ? t("models.passed") : t("models.failed")}
              </span>
            </td>
          </tr>
        ))}
      </DataTable>
    </>
  );
}
