import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { choose } from "../choose";
import { FakeApi, json, problem } from "../fakeApi";
import { answer } from "../records";
import { renderDashboard } from "../render";

const image = (name: string) => new File([name], name, { type: "image/jpeg" });

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.prediction = answer();
});

describe("several images at once", () => {
  it("are each classified under a key of their own, and shown when chosen", async () => {
    renderDashboard(fake, "/predict");
    const input = await screen.findByTestId("file-input");
    await userEvent.upload(input, [image("a.jpg"), image("b.jpg"), image("c.jpg")]);
    expect(await screen.findByText("3 of 3 classified")).toBeVisible();
    const keys = fake.requests
      .filter(({ url }) => url.includes("/predict"))
      .map(({ headers }) => headers.get("Idempotency-Key"));
    expect(new Set(keys).size).toBe(3);
    expect(screen.getByAltText("The chosen image, a.jpg")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Show c.jpg" }));
    expect(screen.getByAltText("The chosen image, c.jpg")).toBeInTheDocument();
  });

  it("are still there, with what was said of them, when the reader comes back", async () => {
    fake.records = [answer() as never];
    renderDashboard(fake, "/predict");
    const input = await screen.findByTestId("file-input");
    await userEvent.upload(input, [image("a.jpg"), image("b.jpg")]);
    await screen.findByText("2 of 2 classified");
    await userEvent.click(screen.getByTestId("feedback-yes"));
    await screen.findByText("Confirmed as “cat”");
    await userEvent.click(screen.getByTestId("nav-history"));
    await screen.findByTestId("history-row");
    await userEvent.click(screen.getByTestId("nav-predict"));
    expect(await screen.findByText("2 of 2 classified")).toBeVisible();
    expect(screen.getByText("Confirmed as “cat”")).toBeVisible();
  });
});

describe("an answer that should not be kept", () => {
  it("is deleted where it is shown", async () => {
    fake.prediction = answer({ owner: "anonymous" });
    fake.records = [answer({ owner: "anonymous" }) as never];
    renderDashboard(fake, "/predict");
    await userEvent.upload(await screen.findByTestId("file-input"), image("a.jpg"));
    await userEvent.click(await screen.findByTestId("record-delete"));
    await userEvent.click(await screen.findByTestId("delete-confirm"));
    expect(await screen.findByTestId("result-deleted")).toHaveTextContent("The record is deleted.");
    expect(fake.records).toEqual([]);
  });
});

describe("feedback on an answer", () => {
  beforeEach(() => {
    fake.records = [answer() as never];
  });

  it("confirms the label", async () => {
    renderDashboard(fake, "/predict");
    await userEvent.upload(await screen.findByTestId("file-input"), image("a.jpg"));
    await userEvent.click(await screen.findByTestId("feedback-yes"));
    expect(await screen.findByText("Confirmed as “cat”")).toBeVisible();
    expect(await fake.sent("/predictions/s3-000000/feedback")).toEqual([{ label: "cat" }]);
  });

  it("corrects it", async () => {
    renderDashboard(fake, "/predict");
    await userEvent.upload(await screen.findByTestId("file-input"), image("a.jpg"));
    await userEvent.click(await screen.findByTestId("feedback-no"));
    await choose(userEvent, "feedback-label", "dog");
    await userEvent.click(screen.getByTestId("feedback-save"));
    expect(await screen.findByText("cat → dog")).toBeVisible();
  });

  it("says why it was not taken", async () => {
    fake.failing = (path) => (path.endsWith("/feedback") ? problem(403, "forbidden") : null);
    renderDashboard(fake, "/predict");
    await userEvent.upload(await screen.findByTestId("file-input"), image("a.jpg"));
    await userEvent.click(await screen.findByTestId("feedback-yes"));
    expect(await screen.findByTestId("problem")).toHaveTextContent("Your account may not do this.");
  });
});

describe("an unknown image", () => {
  it("is told with the confidence that a name would need", async () => {
    fake.prediction = answer({ status: "unknown", confidence: 0.31, unknown_threshold: 0.6 });
    renderDashboard(fake, "/predict");
    await userEvent.upload(await screen.findByTestId("file-input"), image("a.jpg"));
    expect(await screen.findByTestId("result")).toHaveTextContent(
      "It gives a label only with 60.0% confidence or more.",
    );
  });
});

describe("the camera", () => {
  const stopped = vi.fn();

  function camera(getUserMedia: () => Promise<unknown>) {
    vi.stubGlobal("navigator", {
      languages: ["en"],
      userAgent: "test",
      mediaDevices: { getUserMedia, enumerateDevices: () => Promise.resolve([]) },
    });
    HTMLMediaElement.prototype.play = () => Promise.resolve();
  }

  it("takes an image, which is classified, and is let go of", async () => {
    const tracks = [{ stop: stopped, getCapabilities: () => ({}) }];
    camera(() => Promise.resolve({ getTracks: () => tracks, getVideoTracks: () => tracks }));
    HTMLCanvasElement.prototype.getContext = () => null;
    HTMLCanvasElement.prototype.toBlob = (take) => {
      take(new Blob(["shot"], { type: "image/jpeg" }));
    };
    renderDashboard(fake, "/predict?camera=1");
    const shutter = await screen.findByTestId("take-image");
    await vi.waitFor(() => {
      expect(shutter).toBeEnabled();
    });
    await userEvent.click(shutter);
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
    await vi.waitFor(() => {
      expect(stopped).toHaveBeenCalled();
    });
  });

  it("that may not be used leaves the way to the device's own", async () => {
    camera(() => Promise.reject(new DOMException("denied", "NotAllowedError")));
    renderDashboard(fake, "/predict?camera=1");
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "camera_denied");
    const input = screen.getByTestId("camera-file");
    expect(input).toHaveAttribute("capture", "environment");
    await userEvent.upload(input, image("phone.jpg"));
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
  });

  it("that is not there is said to be missing", async () => {
    vi.stubGlobal("navigator", { languages: ["en"], userAgent: "test" });
    renderDashboard(fake, "/predict?camera=1");
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "camera_missing");
  });
});

describe("an API that is", () => {
  it.each([
    [401, "unauthorized", "You are not signed in"],
    [403, "unauthorized", "your session has ended"],
    [429, "too_many_requests", "Too many requests at once."],
    [500, "server_error", "The API failed on its side."],
  ])("answering %i says what that means", async (status, code, sentence) => {
    fake.prediction = json({ message: "No" }, status);
    renderDashboard(fake, "/predict");
    await userEvent.upload(await screen.findByTestId("file-input"), image("a.jpg"));
    const alert = await screen.findByTestId("problem");
    expect(alert).toHaveAttribute("data-code", code);
    expect(alert).toHaveTextContent(sentence);
  });

  it("slow shows the outline of the answer until it comes", async () => {
    fake.delay = 300;
    renderDashboard(fake, "/predict");
    await userEvent.upload(await screen.findByTestId("file-input"), image("a.jpg"));
    expect(screen.getByTestId("working")).toBeInTheDocument();
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
  });
});
