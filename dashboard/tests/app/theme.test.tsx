import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";

import { showTheme, storedTheme } from "../../src/theme/theme";
import { FakeApi } from "../fakeApi";
import { renderDashboard } from "../render";

afterEach(() => {
  showTheme("system");
});

describe("the colours", () => {
  it("follow the system until somebody chooses, and the choice is kept", async () => {
    renderDashboard(new FakeApi(), "/");
    const button = screen.getByTestId("theme");
    expect(button).toHaveAccessibleName("Theme: system");
    await userEvent.click(button);
    expect(document.documentElement.dataset.theme).toBe("light");
    await userEvent.click(button);
    expect(document.documentElement.dataset.theme).toBe("dark");
    expect(storedTheme()).toBe("dark");
    await userEvent.click(button);
    expect(document.documentElement).not.toHaveAttribute("data-theme");
  });
});

describe("the navigation", () => {
  it("leads to every page, in both languages", async () => {
    renderDashboard(new FakeApi(), "/", "ko");
    for (const [name, title] of [
      ["predict", "이미지 분류"],
      ["history", "기록"],
      ["accuracy", "정확도"],
      ["models", "모델"],
      ["training", "학습"],
      ["live", "실시간"],
    ] as const) {
      await userEvent.click(screen.getByTestId(`nav-${name}`));
      expect(await screen.findByRole("heading", { level: 1, name: title })).toBeVisible();
    }
  });
});
