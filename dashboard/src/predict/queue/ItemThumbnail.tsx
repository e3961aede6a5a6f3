import { useState } from "react";

import { Thumbnail } from "../../ui/Thumbnail";
import type { Item } from "./queue";
import { useServerThumbnail } from "./useServerThumbnail";

/** The file itself, or what the API made of one that the browser cannot show. */
export function ItemThumbnail({ item, className }: { item: Item; className?: string | undefined }) {
  const [broken, setBroken] = useState(false);
  const url = useServerThumbnail(item, broken);
  return (
    <Thumbnail
      key={String(url)}
      className={className}
      url={url ?? item.url}
      onBroken={() => {
        setBroken(true);
      }}
    />
  );
}
