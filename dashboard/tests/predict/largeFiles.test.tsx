import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { FakeApi, json, problem } from "../fakeApi";
import { record } from "../records";
import { renderDashboard } from "../render";

const LARGE = new File([new Uint8Array(4_400_001)], "large.jpg", { type: "image/jpeg" });

/** The bucket's side of an upload: a test says how far it came and how it ended. */
class FakeUpload {
  static last: FakeUpload;
  upload: { onprogress?: (event: object) => void } = {};
  status = 0;
  responseText = "";
  timeout = 0;
  body: FormData | File | null = null;
  method = "";
  headers: Record<string, string> = {};
  onload = () => undefined;
  onerror = () => undefined;
  onabort = () => undefined;
  onloadend = () => undefined;

  constructor() {
    FakeUpload.last = this;
  }
  open = (method: string) => {
    this.method = method;
  };
  setRequestHeader = (name: string, value: string) => {
    this.headers[name] = value;
  };
  send(body: FormData | File) {
    this.body = body;
  }
  abort() {
    this.onabort();
  }
  progress(share: number) {
    this.upload.onprogress?.({ lengthComputable: true, loaded: share, total: 1 });
  }
  end(status: number) {
    this.status = status;
    this.onload();
    this.onloadend();
  }
}

const FORM = {
  id: "up-1",
  url: "http://images.test/",
  fields: { key: "uploads/up-1", policy: "p" },
  key: "uploads/up-1",
  expires_at: "2026-03-01T10:00:00Z",
  max_bytes: 32_000_000,
};

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.failing = (path) => (path === "/uploads" ? json(FORM, 201) : null);
  vi.stubGlobal("XMLHttpRequest", FakeUpload);
});

async function chooseLarge() {
  renderDashboard(fake, "/predict");
  await userEvent.upload(await screen.findByTestId("file-input"), LARGE);
  await vi.waitFor(() => {
    expect(FakeUpload.last.body).not.toBeNull();
  });
  return FakeUpload.last;
}

describe("a file too large for a direct call", () => {
  it("goes through the bucket with a progress bar, and is answered once it is recorded", async () => {
    const upload = await chooseLarge();
    expect(upload.method).toBe("POST");
    expect([...(upload.body as FormData).keys()]).toEqual(["key", "policy", "file"]);
    act(() => {
      upload.progress(0.4);
    });
    expect(screen.getByTestId("upload-progress")).toHaveAttribute("value", "0.4");
    act(() => {
      upload.end(204);
    });
    expect(await screen.findByText("Sent. Waiting for the answer…")).toBeVisible();
    fake.records = [record(1, { id: "up-1" })];
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
    expect(screen.getByTestId("dropzone")).toHaveTextContent("without a heatmap");
    expect(fake.count("/predict")).toBe(0);
  });

  it("is put there with the headers that were signed, where the API signs a PUT", async () => {
    const headers = { "Content-Type": "image/jpeg", "If-None-Match": "*" };
    const ticket = { ...FORM, fields: undefined, headers };
    fake.failing = (path) => (path === "/uploads" ? json(ticket, 201) : null);
    const upload = await chooseLarge();
    expect(upload.method).toBe("PUT");
    expect(upload.headers).toEqual(headers);
    expect(upload.body).toBe(LARGE);
  });

  it("that broke off half-way is said to be unrecorded, and is sent anew when told to", async () => {
    const upload = await chooseLarge();
    act(() => {
      upload.progress(0.5);
      upload.onerror();
    });
    const alert = await screen.findByTestId("problem");
    expect(alert).toHaveAttribute("data-code", "upload_interrupted");
    expect(alert).toHaveTextContent("Nothing was recorded");
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await vi.waitFor(() => {
      expect(FakeUpload.last).not.toBe(upload);
    });
    expect(fake.count("/uploads")).toBe(2);
  });

  it("that the bucket refuses says so", async () => {
    const upload = await chooseLarge();
    act(() => {
      upload.end(403);
    });
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "upload_refused");
  });

  it("follows a gateway that takes less than is known here", async () => {
    fake.prediction = problem(413, "body_too_large");
    renderDashboard(fake, "/predict");
    const small = new File(["small"], "small.png", { type: "image/png" });
    await userEvent.upload(await screen.findByTestId("file-input"), small);
    await vi.waitFor(() => {
      expect(fake.count("/uploads")).toBe(1);
    });
  });
});
