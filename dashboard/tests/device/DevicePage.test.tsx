import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { ApiError } from "visionflow-client";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { consentTo } from "../../src/device/send/consent";
import type { EngineAnswer } from "../../src/ondevice/engine";
import type { NewRecord } from "../../src/outbox/useOutbox";
import { me } from "../callers";
import { engineAnswer, unknownAnswer } from "../engine";
import { FakeApi, json } from "../fakeApi";
import { FakeCamera } from "../fakeCamera";
import { renderDashboard } from "../render";
import { FakeEngines, fakeOutbox } from "./fakes";

const engines = vi.hoisted(() => ({ current: undefined as FakeEngines | undefined }));
vi.mock("../../src/ondevice/engine", async (load) => ({
  ...(await load<object>()),
  openEngine: (...args: unknown[]) => engines.current?.open(...args),
  keptModels: () => engines.current?.keptModels(),
}));
vi.mock("../../src/outbox/useOutbox", async () => {
  const { useFakeOutbox } = await import("./fakes");
  return { useOutbox: useFakeOutbox };
});

const IMAGE = new File(["pixels"], "cat.jpg", { type: "image/jpeg" });

let fake: FakeApi;
let device: FakeEngines;
beforeEach(() => {
  fake = new FakeApi();
  device = new FakeEngines();
  engines.current = device;
  fakeOutbox.empty();
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
});

async function started(answer: EngineAnswer = engineAnswer(), hash = "/device") {
  device.kept = [fake.status.model ?? { name: "starter", version: "1.0.0" }];
  device.answer = answer;
  const page = renderDashboard(fake, hash);
  await screen.findByTestId("device-camera");
  return page;
}

const added = (): NewRecord[] => fakeOutbox.added;

describe("the model", () => {
  it("is loaded by a button only, and says how large and how far it is", async () => {
    const files = { model: { size: 4_000_000 }, familiarity: { file: { size: 800_000 } } };
    fake.failing = (path) => (path === "/models/starter/1.0.0/device" ? json(files) : null);
    renderDashboard(fake, "/device");
    const start = await screen.findByTestId("device-start");
    expect(device.opened).toEqual([]);
    expect(await screen.findByText("About 8.4 MB to load")).toBeInTheDocument();
    device.hold();
    await userEvent.click(start);
    act(() => {
      device.progress(0.4);
    });
    const bar = screen.getByRole("progressbar", { name: "40.0% loaded" });
    expect(bar).toHaveValue(0.4);
    await act(() => device.release());
    expect(await screen.findByTestId("device-model")).toHaveTextContent("starter/1.0.0");
    expect(device.opened).toEqual(["serving"]);
  });

  it("opens at once where it is kept, also without an answer of the API", async () => {
    fake.failing = () => new Response(null, { status: 503 });
    device.kept = [{ name: "starter", version: "1.0.0" }];
    renderDashboard(fake, "/device");
    expect(await screen.findByTestId("device-model", undefined)).toBeInTheDocument();
  });

  it("opens at once where this page has opened it before, kept or not", async () => {
    renderDashboard(fake, "/device");
    await userEvent.click(await screen.findByTestId("device-start"));
    await screen.findByTestId("device-model");
    await userEvent.click(screen.getByTestId("predict-tab-cloud"));
    await screen.findByTestId("dropzone");
    await userEvent.click(await screen.findByTestId("predict-tab-device"));
    expect(await screen.findByTestId("device-model")).toBeInTheDocument();
    expect(device.opened).toHaveLength(2);
    expect(device.running).toBe(1);
  });

  it("does not open what another version has kept", async () => {
    device.kept = [{ name: "starter", version: "0.9.0" }];
    renderDashboard(fake, "/device");
    expect(await screen.findByTestId("device-start")).toBeInTheDocument();
    expect(device.opened).toEqual([]);
  });

  it("is the version of the address", async () => {
    device.kept = [{ name: "fruit", version: "2.0.0" }];
    renderDashboard(fake, "/device?model=fruit/2.0.0");
    expect(await screen.findByTestId("device-model")).toHaveTextContent("fruit/2.0.0");
    expect(device.opened).toEqual([{ name: "fruit", version: "2.0.0" }]);
  });

  it("says that another one serves since, which takes its place when that is wanted", async () => {
    device.kept = [{ name: "starter", version: "1.1.0" }];
    fake.status = { ...fake.status, model: { name: "starter", version: "1.1.0" } };
    renderDashboard(fake, "/device"); // opened just before
    expect(await screen.findByTestId("device-newer")).toHaveTextContent("starter/1.1.0 serves now");
    device.serving = { name: "starter", version: "1.1.0" };
    await userEvent.click(screen.getByTestId("device-use-newer"));
    expect(await screen.findByTestId("device-model")).toHaveTextContent("starter/1.1.0");
    expect(screen.queryByTestId("device-newer")).not.toBeInTheDocument();
    expect(device.running, "one engine at a time").toBe(1);
  });

  it("of the address stays, whatever serves", async () => {
    device.kept = [{ name: "fruit", version: "2.0.0" }];
    renderDashboard(fake, "/device?model=fruit/2.0.0");
    await screen.findByTestId("device-model");
    expect(screen.queryByTestId("device-newer")).not.toBeInTheDocument();
  });

  it("opens for nobody who may not classify, be it kept by another", async () => {
    device.kept = [{ name: "starter", version: "1.0.0" }];
    fake.me = me({ scopes: ["read"] });
    renderDashboard(fake, "/device");
    const scope = await screen.findByTestId("missing-scope");
    expect(scope).toHaveAttribute("data-scope", "predict");
    for (const id of ["device-start", "device-camera", "device-send"]) {
      expect(screen.queryByTestId(id)).not.toBeInTheDocument();
    }
    expect(device.running).toBe(0);
  });

  it.each([
    ["device_unsupported", "cannot run the model"],
    ["device_model_missing", "not on this device"],
    ["device_checksum", "checksum differs"],
    ["device_failed", "stopped working"],
  ] as const)("that fails with %s says so, and leads to the cloud", async (code, text) => {
    device.failure = code;
    renderDashboard(fake, "/device");
    await userEvent.click(await screen.findByTestId("device-start"));
    const problem = await screen.findByTestId("problem");
    expect(problem).toHaveTextContent(text);
    expect(within(problem).getByRole("link")).toHaveAttribute("href", "#/predict");
    device.failure = null;
    await userEvent.click(screen.getByTestId("device-start"));
    expect(await screen.findByTestId("device-model")).toBeInTheDocument();
  });

  it("is closed with the page, and with one that was left before it opened", async () => {
    const { unmount } = await started();
    expect(device.running).toBe(1);
    unmount();
    expect(device.running).toBe(0);
    device.kept = [];
    const second = renderDashboard(fake, "/device");
    device.hold();
    await userEvent.click(await screen.findByTestId("device-start"));
    second.unmount();
    await act(() => device.release());
    expect(device.running).toBe(0);
  });
});

describe("a still", () => {
  const choose = (files: File | File[] = IMAGE) =>
    userEvent.upload(screen.getByTestId("device-files"), files);

  it("is answered with label, parents, bars and heatmap, and becomes a record", async () => {
    const explanation = {
      ...{ label: "cat", width: 2, height: 2 },
      values: [
        [0, 1],
        [0.5, 0],
      ],
      box: { left: 0.125, top: 0, width: 0.75, height: 1 },
    };
    await started(engineAnswer({ explanation }));
    await choose();
    const result = await screen.findByTestId("device-result");
    expect(within(result).getByTestId("device-label")).toHaveTextContent("cat");
    expect(within(result).getByTestId("label-path")).toHaveTextContent("animal");
    const bars = within(result).getAllByTestId("device-bar");
    expect(bars.map((bar) => bar.textContent)).toEqual(["cat90.0%", "dog6.0%"]);
    expect(screen.getByTestId("device-heat").parentElement).toHaveStyle({ left: "12.5%" });
    expect(added()).toMatchObject([
      { filename: "cat.jpg", image: null, dataset: null, model: fake.status.model },
    ]);
  });

  it("that is unknown says why", async () => {
    await started(unknownAnswer({ unknownReason: "unfamiliar" }));
    await choose();
    expect(await screen.findByTestId("device-label")).toHaveTextContent("Unknown");
    expect(screen.getByTestId("status")).toHaveTextContent("Unfamiliar");
  });

  it("is answered also where no record of it can be kept", async () => {
    await started();
    fakeOutbox.refusal = new ApiError("device_storage_full", "full");
    await choose();
    const result = await screen.findByTestId("device-result");
    expect(within(result).getByTestId("device-label")).toHaveTextContent("cat");
    expect(within(result).getByTestId("problem")).toHaveTextContent("no room left");
    expect(within(result).queryByTestId("device-feedback")).not.toBeInTheDocument();
  });

  it("that the browser cannot decode names the way to the cloud, and stops no other", async () => {
    await started();
    device.refuse = "photo.heic";
    await choose([new File(["heic"], "photo.heic", { type: "image/heic" }), IMAGE]);
    expect(await screen.findByTestId("device-result")).toBeInTheDocument();
    const problem = screen.getByTestId("problem");
    expect(problem).toHaveTextContent("photo.heic");
    expect(problem).toHaveTextContent("cannot decode");
    expect(within(problem).getByRole("link")).toHaveAttribute("href", "#/predict");
    expect(added().map(({ filename }) => filename)).toEqual(["cat.jpg"]);
  });

  it("is sent as it is, by consent, and classified as it is sent", async () => {
    new FakeCamera(); // for its bitmaps and canvas
    const target = { name: "fruit", label: "apple" };
    consentTo(`${fake.url} ${fake.me?.id}`, { send: true, dataset: target });
    await started();
    await choose();
    await screen.findByTestId("device-result");
    const large = new File([new Uint8Array(4_400_001)], "large.png", { type: "image/png" });
    await choose(large);
    await waitFor(() => {
      expect(added()).toHaveLength(2);
    });
    expect(added().map(({ image }) => image)).toEqual(device.classified);
    expect(added()[0]).toMatchObject({ image: IMAGE, dataset: target });
    expect(added()[1]?.image).toMatchObject({ name: "large.jpg", type: "image/jpeg" });
  });

  it("is labelled through the outbox: right, another label, none", async () => {
    await started();
    await choose();
    await userEvent.click(await screen.findByTestId("device-feedback-yes"));
    expect(await screen.findByTestId("device-feedback-said")).toHaveTextContent("“cat”");
    await userEvent.click(screen.getByTestId("device-feedback-change"));
    await userEvent.click(screen.getByTestId("device-feedback-no"));
    const label = await screen.findByTestId("feedback-label");
    await userEvent.type(label, "lion{Enter}"); // known to this model, not among the best
    await userEvent.click(screen.getByTestId("feedback-save"));
    expect(await screen.findByTestId("device-feedback-said")).toHaveTextContent("cat → lion");
    await userEvent.click(screen.getByTestId("device-feedback-change"));
    await userEvent.click(screen.getByTestId("device-feedback-none"));
    await waitFor(() => {
      expect(fakeOutbox.labels).toEqual(["cat", "lion", null]);
    });
  });

  it("has no labels for who may give none", async () => {
    fake.me = me({ scopes: ["read", "predict"] });
    await started();
    await choose();
    await screen.findByTestId("device-result");
    expect(screen.queryByTestId("device-feedback")).not.toBeInTheDocument();
  });
});

describe("what was made here", () => {
  it("is listed with its state, newest first", async () => {
    fakeOutbox.items = [
      fakeOutbox.item({ deviceId: "a", madeAt: "2026-03-01T09:00:00Z", state: "sent", id: "p-1" }),
      fakeOutbox.item({ deviceId: "b", madeAt: "2026-03-01T09:01:00Z", hasImage: true }),
      fakeOutbox.item({
        ...{ deviceId: "c", madeAt: "2026-03-01T08:00:00Z", state: "refused" },
        error: { code: "model_not_found", message: "" },
      }),
    ];
    renderDashboard(fake, "/device");
    const items = await screen.findAllByTestId("device-made-item");
    const [waiting, sent, refused] = items as [HTMLElement, HTMLElement, HTMLElement];
    expect(items.map((item) => item.dataset.state)).toEqual(["waiting", "sent", "refused"]);
    expect(waiting).toHaveTextContent("with image");
    expect(within(sent).getByRole("link")).toHaveAttribute("href", "#/history?record=p-1");
    expect(refused).toHaveTextContent("no such model version");
    expect(screen.getByTestId("device-made-counts")).toHaveTextContent(
      "Waiting: 1. Sent: 1. Refused: 1.",
    );
    await userEvent.click(within(refused).getByTestId("device-retry"));
    expect(fakeOutbox.retried).toEqual(["c"]);
    await userEvent.click(within(refused).getByTestId("device-discard"));
    expect(fakeOutbox.discarded).toEqual(["c"]);
  });

  it("says plainly that it waits for a network", async () => {
    fakeOutbox.items = [fakeOutbox.item({ deviceId: "a" }), fakeOutbox.item({ deviceId: "b" })];
    fakeOutbox.state = "offline";
    renderDashboard(fake, "/device");
    expect(await screen.findByTestId("device-made-counts")).toHaveTextContent(
      "Waiting: 2. They are sent when there is a network.",
    );
    expect(screen.queryByTestId("device-send-now")).not.toBeInTheDocument();
  });
});
