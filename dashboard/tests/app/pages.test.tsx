import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { preloadPage } from "../../src/app/pages";
import { FakeApi } from "../fakeApi";
import { renderDashboard } from "../render";

describe("a page", () => {
  it("whose code is here is drawn at once, with nothing in between", async () => {
    await preloadPage("#/models?model=starter%2F1.0.0");
    renderDashboard(new FakeApi(), "/models");
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Models");
  });

  it("comes with its code when it is opened", async () => {
    renderDashboard(new FakeApi(), "/training");
    expect(screen.queryByRole("heading", { level: 1 })).not.toBeInTheDocument();
    expect(await screen.findByRole("heading", { level: 1 })).toHaveTextContent("Training");
  });
});
