import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type ModelItem, modelRef } from "visionflow-client";

import { useApi } from "../../api/ApiContext";

/** Leads to the latest comparison of a version, where one of the latest backfills has one. */
export function LatestComparison({ item }: { item: ModelItem }) {
  const { t } = useTranslation();
  const api = useApi();
  const backfills = useQuery({
    queryKey: ["latest-backfills"],
    queryFn: ({ signal }) => api.backfills(null, signal),
    staleTime: 60_000,
    retry: false,
  });
  const found = backfills.data?.items.find(
    ({ compares, state, models }) =>
      compares && state === "done" && models.includes(modelRef(item)),
  );
  if (!found) return null;
  return (
    <Link
      to={`/models/backfills/${encodeURIComponent(found.id)}/comparison`}
      data-testid="latest-comparison"
    >
      {t("models.openComparison")}
    </Link>
  );
}
