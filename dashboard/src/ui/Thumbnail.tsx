import { useState } from "react";

import { ImageIcon } from "./icons";
import css from "./Thumbnail.module.css";

interface ThumbnailProps {
  /** Expires, and differs in each answer for the same image. */
  url: string | null;
  className?: string | undefined;
  /** The browser cannot show it. */
  onBroken?: () => void;
}

/**
 * Keeps its first URL, or each poll would load every image again; takes the current one when
 * the kept one fails, as an expired URL does.
 */
export function Thumbnail({ url, className, onBroken }: ThumbnailProps) {
  const [kept, setKept] = useState(url);
  const [failed, setFailed] = useState<string | null>(null);
  const source = kept !== null && kept !== failed ? kept : url === failed ? null : url;
  return (
    <span className={`${css.thumbnail} ${className ?? ""}`}>
      {source === null ? (
        <ImageIcon className={css.icon} />
      ) : (
        <img
          className={css.image}
          src={source}
          alt=""
          decoding="async"
          onLoad={() => {
            setKept(source);
          }}
          onError={() => {
            setFailed(source);
            onBroken?.();
          }}
          data-testid="thumbnail"
        />
      )}
    </span>
  );
}
