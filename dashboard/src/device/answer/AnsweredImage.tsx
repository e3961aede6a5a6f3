import { type CSSProperties, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { EngineAnswer } from "../../ondevice/engine";
import { placement } from "../../records/record/placement";
import css from "./AnsweredImage.module.css";
import { heatColour } from "./heat";

type Explanation = NonNullable<EngineAnswer["explanation"]>;

interface AnsweredImageProps {
  url: string;
  alt: string;
  explanation: Explanation | null;
}

/** The image with the heatmap over the box that the model saw. */
export function AnsweredImage({ url, alt, explanation }: AnsweredImageProps) {
  const [ratio, setRatio] = useState<number | null>(null);
  return (
    <div className={css.stage}>
      <figure
        className={css.figure}
        style={ratio === null ? undefined : ({ "--ratio": ratio } as CSSProperties)}
        data-ready={ratio !== null}
      >
        <img
          className={css.image}
          src={url}
          alt={alt}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
            setRatio(naturalWidth / naturalHeight);
          }}
          data-testid="device-image"
        />
        {explanation && <Heat explanation={explanation} />}
      </figure>
    </div>
  );
}

/** Pixels a side of what is drawn: the map is a few cells, and is to look smooth. */
const SIDE = 224;

function Heat({ explanation }: { explanation: Explanation }) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) draw(canvas.current, explanation);
  }, [explanation]);
  return (
    <div className={css.box} style={placement(explanation.box)}>
      <canvas
        ref={canvas}
        className={css.heat}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label={t("device.heat", { label: explanation.label })}
        data-testid="device-heat"
      />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, { width, height, values }: Explanation): void {
  const context = canvas.getContext("2d");
  const cells = document.createElement("canvas");
  cells.width = width;
  cells.height = height;
  const small = cells.getContext("2d");
  if (context === null || small === null) return;
  const map = small.createImageData(width, height);
  for (const [n, heat] of values.flat().entries()) {
    map.data.fill(255 * heat, 4 * n, 4 * n + 3);
    map.data[4 * n + 3] = 255;
  }
  small.putImageData(map, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(cells, 0, 0, SIDE, SIDE);
  const pixels = context.getImageData(0, 0, SIDE, SIDE);
  for (let at = 0; at < pixels.data.length; at += 4) {
    pixels.data.set(heatColour((pixels.data[at] ?? 0) / 255), at);
  }
  context.putImageData(pixels, 0, 0);
}
