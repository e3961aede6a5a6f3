import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { auditEntry } from "../callers";
import { FakeApi } from "../fakeApi";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.audit = [
    auditEntry(1),
    auditEntry(2, { by: "bob@team.test", status: 403, action: "DELETE /keys/{prefix}" }),
    auditEntry(3, { status: null, subject: "user:9", action: "DELETE /owners/{owner}" }),
  ];
});

const rows = () => screen.findAllByTestId("audit-row");

describe("the audit trail", () => {
  it("says who did what, on what, when and how it ended, newest first", async () => {
    renderDashboard(fake, "/access?tab=audit");
    const [newest, older] = await rows();
    expect(newest).toHaveTextContent(/9:00:03.*ann@team.test.*DELETE \/owners.*user:9/);
    expect(newest).toHaveTextContent("outcome unknown");
    expect(older).toHaveTextContent(/bob@team.test.*403/);
  });

  it("is read on page by page", async () => {
    renderDashboard(fake, "/access?tab=audit");
    expect(await rows()).toHaveLength(2);
    await userEvent.click(screen.getByTestId("audit-older"));
    await vi.waitFor(() => {
      expect(screen.getAllByTestId("audit-row")).toHaveLength(3);
    });
    expect(screen.queryByTestId("audit-older")).not.toBeInTheDocument();
  });

  it("shows the details of an entry on request", async () => {
    fake.audit = [auditEntry(1)];
    renderDashboard(fake, "/access?tab=audit");
    const [row] = await rows();
    if (!row) throw new Error("no row");
    const details = within(row).getByText("Details").closest("details");
    expect(details).not.toHaveAttribute("open");
    expect(details).toHaveTextContent(/calleruser:1.*reasonbetter on cats/);
  });

  it("says in the page's language what was done, by whom and why", async () => {
    fake.audit = [
      auditEntry(1, {
        by: "the rollback rule",
        action: "roll back",
        details: { reason: "error rate 0.250 over 0.05 in 40 images", label: "failed" },
      }),
      auditEntry(2, { action: "POST /of/a/later/api", by: "ann@team.test", details: {} }),
    ];
    const { container } = renderDashboard(fake, "/access?tab=audit", "ko");
    const [later, rolledBack] = await rows();
    expect(await screen.findByText("롤백 규칙")).toBeVisible();
    expect(rolledBack).toHaveTextContent("롤백 규칙");
    expect(rolledBack).toHaveTextContent("규칙에 따라 롤백");
    expect(rolledBack).toHaveTextContent("오류율 0.250, 한도 0.05 초과(이미지 40장)");
    expect(rolledBack).toHaveTextContent("labelfailed"); // a name, and nobody's sentence
    expect(later).toHaveTextContent("POST /of/a/later/api");
    expect(container.querySelector("td span[lang=en]")).toBeNull();
  });

  it("is narrowed to a period, which the address keeps", async () => {
    renderDashboard(fake, "/access?tab=audit&from=2026-03-01T09:00:02.500Z");
    expect(await rows()).toHaveLength(1);
    fireEvent.change(screen.getByTestId("audit-from"), { target: { value: "2027-01-01T00:00" } });
    expect(await screen.findByTestId("audit-empty")).toBeVisible();
    expect(window.location.hash).toMatch(/tab=audit&from=202[67]-/);
    expect(fake.requests.at(-1)?.url).toMatch(/\/audit\?from=.*&limit=50/);
  });
});
