import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { QRCodeSVG } from "qrcode.react";
import { describe, expect, it } from "vitest";

import { FakeApi } from "../fakeApi";
import { registry } from "../registry";
import { renderDashboard } from "../render";

describe("a version on a phone", () => {
  it.each([
    ["en", "Open visionflow20 1.0.0 on a phone", "Open on a phone"],
    ["ko", "휴대전화에서 열기: visionflow20 1.0.0", "휴대전화에서 열기"],
  ] as const)("is opened by a code beside it (%s)", async (language, name, title) => {
    const fake = new FakeApi();
    fake.models = registry();
    renderDashboard(fake, "/models", language);
    const rows = await screen.findAllByTestId("version-row");
    for (const row of rows) expect(within(row).getByTestId("open-on-phone")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name }));
    const dialog = await screen.findByRole("dialog", { name: title });
    const { origin, pathname } = window.location;
    const address = `${origin}${pathname}#/device?model=visionflow20%2F1.0.0`;
    expect(within(dialog).getByTestId("phone-link")).toHaveValue(address);
    expect(within(dialog).getByTestId("phone-local")).toBeVisible();

    const drawn = (svg: Element | null) =>
      [...(svg?.querySelectorAll("path") ?? [])].map((path) => path.getAttribute("d"));
    const code = within(dialog).getByRole("img");
    const { container } = render(<QRCodeSVG value={address} size={240} marginSize={4} />);
    expect(drawn(code)).toEqual(drawn(container.querySelector("svg")));
    expect(code.querySelector("path")).toHaveAttribute("fill", "#FFFFFF");
  });
});
