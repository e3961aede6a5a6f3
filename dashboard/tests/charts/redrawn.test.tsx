import { render, waitFor } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { beforeEach, describe, expect, it, vi } from "vitest";

import DayChart from "../../src/charts/DayChart";
import LineChart from "../../src/charts/LineChart";
import TopKChart from "../../src/charts/TopKChart";
import { speaking } from "../speaking";

// The real one on a canvas that only writes down what is drawn: how it hands data on is the point.
vi.mock("react-chartjs-2", async (original) => await original());

let texts: string[];
let moves: number[][];

beforeEach(() => {
  texts = [];
  moves = [];
  const known: Record<string, unknown> = {
    measureText: (text: string) => ({ width: text.length * 6 }),
    fillText: (text: string) => texts.push(text),
    moveTo: (...to: number[]) => moves.push(to),
    lineTo: (...to: number[]) => moves.push(to),
  };
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (
    this: HTMLCanvasElement,
  ) {
    const drawn = { ...known, canvas: this };
    return new Proxy(drawn, {
      get: (target, name): unknown => Reflect.get(target, name) ?? (() => undefined),
    }) as unknown as CanvasRenderingContext2D;
  });
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(300);
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 600, 300));
  window.matchMedia = (query) =>
    Object.assign(new EventTarget(), { matches: true, media: query }) as MediaQueryList;
});

const axis = { title: "share", min: 0, max: 1 };

describe("a chart whose data changed", () => {
  it("writes the notes of the new points", async () => {
    const chart = (note: string, y: number) => (
      <I18nextProvider i18n={speaking("en")}>
        <LineChart
          summary="curve"
          series={[{ name: "curve", points: [{ x: 0.5, y, note }] }]}
          x={axis}
          y={axis}
        />
      </I18nextProvider>
    );
    const { rerender } = render(chart("n = 1", 0.2));
    await waitFor(() => {
      expect(texts).toContain("n = 1");
    });
    texts = [];
    rerender(chart("n = 2", 0.8));
    await waitFor(() => {
      expect(texts).toContain("n = 2");
    });
    expect(texts).not.toContain("n = 1");
  });

  it("draws the intervals of the new values", async () => {
    const chart = (ends: { low?: number[]; high?: number[] }) => (
      <I18nextProvider i18n={speaking("en")}>
        <DayChart
          summary="days"
          kind="lines"
          days={["one", "two"]}
          series={[{ name: "share", values: [0.5, 0.5], ...ends }]}
          y={axis}
        />
      </I18nextProvider>
    );
    /** The lengths of the upright lines, as shares of the axis, without the axis itself. */
    const drawn = async (of: React.ReactElement, draw: (of: React.ReactElement) => unknown) => {
      moves = [];
      draw(of);
      await waitFor(() => {
        expect(moves.length).toBeGreaterThan(0);
      });
      const uprights = moves.flatMap(([x, y = 0], at) => {
        const [toX, toY = 0] = moves[at + 1] ?? [];
        return x === toX && y !== toY ? [Math.abs(y - toY)] : [];
      });
      const whole = Math.max(...uprights);
      return uprights.map((length) => Math.round((length / whole) * 10) / 10).filter((n) => n < 1);
    };
    let again: (of: React.ReactElement) => void = () => undefined;
    const first = await drawn(chart({ low: [0.4, 0.4], high: [0.6, 0.6] }), (of) => {
      again = render(of).rerender;
    });
    expect(first).toEqual([0.2, 0.2]);
    const wide = { low: [0.1, 0.1], high: [0.9, 0.9] };
    expect(await drawn(chart(wide), again)).toEqual([0.8, 0.8]);
    expect(await drawn(chart({}), again)).toEqual([]);
  });
});

describe("the bars of an answer", () => {
  it("have no legend, also after a page whose charts have one", async () => {
    const scores = [
      { label: "cat", confidence: 0.9 },
      { label: "dog", confidence: 0.1 },
    ];
    render(<TopKChart scores={scores} unsure={false} language="en" />);
    await waitFor(() => {
      expect(texts).toContain("90.0%");
    });
    expect(texts.map(String)).not.toContain("undefined");
  });
});
