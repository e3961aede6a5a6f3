import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { keysQuery } from "../../access/keysQuery";
import { useMay, useMe } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";

const KEY = "key:";

/** Who sent an image, by name where it is known: the API tells ids, which do not change. */
export function OwnerName({ owner }: { owner: string | null }) {
  const { t } = useTranslation();
  const me = useMe();
  const may = useMay();
  const key = owner?.startsWith(KEY) ? owner.slice(KEY.length) : null;
  const keys = useQuery({ ...keysQuery(useApi()), enabled: key !== null && may("GET /keys") });
  if (owner === null) return t("record.noOwner");
  return (
    <>
      {owner === me?.id ? (
        <span title={owner}>
          {me.name} ({t("record.ownerYou")})
        </span>
      ) : key !== null ? (
        <span title={owner}>
          {t("record.ownerKey", {
            key: keys.data?.find(({ prefix }) => prefix === key)?.name ?? key,
          })}
        </span>
      ) : (
        <code>{owner}</code>
      )}
      {may("DELETE /owners/{owner}") && (
        <>
          {" · "}
          <Link to={`/access?${new URLSearchParams({ tab: "erase", owner }).toString()}`}>
            {t("record.eraseOwner")}
          </Link>
        </>
      )}
    </>
  );
}
