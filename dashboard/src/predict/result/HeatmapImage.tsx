import { type CSSProperties, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Explanation } from "visionflow-client";

import { type Item, nameOf } from "../queue/queue";
import { useServerThumbnail } from "../queue/useServerThumbnail";
import { placement } from "../../records/record/placement";
import { ImageIcon } from "../../ui/icons";
import css from "./HeatmapImage.module.css";

interface HeatmapImageProps {
  item: Item;
  explanation: Explanation | null;
  opacity: number;
}

/**
 * The image, or its thumbnail where the browser cannot show the file (HEIC), upright as its EXIF says (browsers turn it by themselves), with the heatmap over the
 * box that the model saw. The figure has exactly the image's rectangle, so fractions of the
 * image are percentages of the figure.
 */
export function HeatmapImage({ item, explanation, opacity }: HeatmapImageProps) {
  const { t } = useTranslation();
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [broken, setBroken] = useState<readonly string[]>([]);
  const thumbnail = useServerThumbnail(item, broken.length > 0);
  const url = [item.url, thumbnail].find((known) => known !== null && !broken.includes(known));
  const name = nameOf(item) ?? t("predict.pasted");

  if (!url) {
    return (
      <figure className={css.broken}>
        <ImageIcon className={css.brokenIcon} />
        <figcaption>
          <strong>{name}</strong>
          <br />
          {t("predict.noPreview")}
        </figcaption>
      </figure>
    );
  }
  return (
    <figure
      className={css.figure}
      style={size ? ({ "--ratio": size.width / size.height } as CSSProperties) : undefined}
      data-ready={size !== null}
    >
      <img
        className={css.image}
        src={url}
        alt={t("predict.previewAlt", { name })}
        onLoad={({ currentTarget: image }) => {
          setSize({ width: image.naturalWidth, height: image.naturalHeight });
        }}
        onError={() => {
          setBroken((before) => [...before, url]);
        }}
        data-testid="preview"
      />
      {explanation && (
        <div className={css.box} style={placement(explanation.box)}>
          <img
            className={css.overlay}
            src={explanation.overlay}
            alt={t("predict.heatmapFor", { label: explanation.label })}
            style={{ opacity }}
            data-testid="heatmap"
          />
        </div>
      )}
    </figure>
  );
}
