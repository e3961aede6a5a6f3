import { act, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { beforeEach, expect, it, vi } from "vitest";

import { BarChart } from "../../src/charts/Chart";
import { speaking } from "../speaking";

let tell: (isIntersecting: boolean) => void;

beforeEach(() => {
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      disconnect = () => undefined;
      observe = () => undefined;
      constructor(told: IntersectionObserverCallback) {
        tell = (isIntersecting) => {
          act(() => {
            const seen = [{ isIntersecting } as IntersectionObserverEntry];
            told(seen, this as unknown as IntersectionObserver);
          });
        };
      }
    },
  );
  render(
    <I18nextProvider i18n={speaking("en")}>
      <BarChart summary="3 cats" bars={[{ name: "cat", value: 3 }]} x="label" y={{ title: "n" }} />
    </I18nextProvider>,
  );
});

it("is there in words until it comes near the window", async () => {
  tell(false);
  expect(screen.getByRole("img", { name: "3 cats" })).toBeEmptyDOMElement();
  expect(screen.queryByTestId("bars")).toBeNull();
  tell(true);
  expect(await screen.findByTestId("bars")).toHaveTextContent("cat 3");
  expect(screen.queryByRole("img", { name: "3 cats" })).toBeNull();
});

it("is drawn before the page is printed, wherever it is", async () => {
  act(() => {
    window.dispatchEvent(new Event("beforeprint"));
  });
  expect(await screen.findByTestId("bars")).toHaveTextContent("cat 3");
});
