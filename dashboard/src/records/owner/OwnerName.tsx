import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMay, useMe } from "../../access/useMe";

/** Who sent an image, by name where it is known: the API tells ids, which do not change. */
export function OwnerName({ owner }: { owner: string | null }) {
  const { t } = useTranslation();
  const me = useMe();
  const may = useMay();
  if (owner === null) return t("record.noOwner");
  return (
    <>
      {owner === me?.id ? (
        <span title={owner}>
          {me.name} ({t("record.ownerYou")})
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
