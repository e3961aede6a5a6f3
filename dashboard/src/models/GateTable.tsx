import { useTranslation } from "react-i18next";

import { gateText } from "../i18n/texts";
import { useLanguage } from "../i18n";
import type { GateCheck } from "./manifest";

/** Each condition for promotion with what was measured and what is allowed. */
export function GateTable({ checks }: { checks: readonly GateCheck[] }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const number = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
  return (
    <div className="table-scroll" role="group" aria-label={t("models.gateTitle")} tabIndex={0}>
      <table className="table" data-testid="gate">
        <thead>
          <tr>
            <th scope="col">{t("models.check")}</th>
            <th scope="col" className="end">
              {t("models.measured")}
            </th>
            <th scope="col" className="end">
              {t("models.limit")}
            </th>
            <th scope="col">{t("models.result")}</th>
          </tr>
        </thead>
        <tbody>
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
        </tbody>
      </table>
    </div>
  );
}
