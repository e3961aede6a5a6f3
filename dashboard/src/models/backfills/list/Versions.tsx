import { useTranslation } from "react-i18next";

/** The versions of a backfill: of two, the new one against the old one. */
export function Versions({ models }: { models: readonly string[] }) {
  const { t } = useTranslation();
  const [first, second] = models;
  return second === undefined ? first : t("backfills.against", { new: first ?? "", old: second });
}
