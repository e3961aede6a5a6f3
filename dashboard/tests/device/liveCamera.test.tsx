import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { ApiError } from "visionflow-client";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { consented, consentTo } from "../../src/device/send/consent";
import type { EngineAnswer } from "../../src/ondevice/engine";
import type { NewRecord } from "../../src/outbox/useOutbox";
import { me } from "../callers";
import { engineAnswer, unknownAnswer } from "../engine";
import { FakeApi } from "../fakeApi";
import { dataset } from "../fakeDatasets";
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

async function withCamera(answer?: EngineAnswer) {
  const camera = new FakeCamera();
  const page = await started(answer);
  await userEvent.click(screen.getByTestId("device-camera"));
  await waitFor(() => {
    expect(screen.getByTestId("device-freeze")).toBeEnabled();
  });
  return { camera, ...page };
}

async function frames(camera: FakeCamera, n: number) {
  for (let at = 0; at < n; at++) {
    await act(async () => {
      camera.frame();
      await new Promise((resolve) => setTimeout(resolve));
    });
  }
}

const owner = () => `${fake.url} ${fake.me?.id}`;
const added = (): NewRecord[] => fakeOutbox.added;

describe("the live camera", () => {
  it("shows bars and speaks, and makes no record by itself", async () => {
    const { camera } = await withCamera();
    await frames(camera, 3);
    expect(screen.getByTestId("device-label")).toHaveTextContent("cat");
    expect(screen.getAllByTestId("device-bar")).toHaveLength(2);
    expect(device.frames).toBe(3);
    expect(screen.getByTestId("device-spoken")).toHaveAttribute("aria-live", "polite");
    expect(added()).toEqual([]);
  });

  it("freezes by the space bar, explains the frame, and goes on by it again", async () => {
    const { camera } = await withCamera();
    await frames(camera, 2);
    fireEvent.keyDown(document.body, { code: "Space" });
    expect(await screen.findByTestId("device-result")).toBeInTheDocument();
    expect(screen.getByTestId("device-live")).not.toBeVisible();
    expect(device.explained).toBe(1);
    expect(added()).toMatchObject([{ filename: null, image: null }]);
    const before = device.frames;
    await frames(camera, 2);
    expect(device.frames).toBe(before);
    fireEvent.keyDown(document.body, { code: "Space" });
    expect(screen.queryByTestId("device-result")).not.toBeInTheDocument();
    await frames(camera, 2);
    expect(device.frames).toBe(before + 2);
    expect(device.restarts).toBe(2); // the frames before the freeze are forgotten
    expect(camera.running).toBe(1); // it was not opened anew
  });

  it("leaves the space bar to what has its own use for it", async () => {
    await withCamera();
    fireEvent.keyDown(screen.getByTestId("device-send"), { code: "Space" });
    await act(() => Promise.resolve());
    expect(added()).toEqual([]);
  });

  it("keeps a frame that is marked without stopping", async () => {
    const { camera } = await withCamera();
    await userEvent.click(screen.getByTestId("device-mark"));
    await waitFor(() => {
      expect(added()).toHaveLength(1);
    });
    await frames(camera, 2);
    expect(device.frames).toBe(2);
    fakeOutbox.refusal = new ApiError("device_storage_full", "full");
    await userEvent.click(screen.getByTestId("device-mark"));
    expect(await screen.findByTestId("problem")).toHaveTextContent("no room left");
    await frames(camera, 2);
    expect(device.frames).toBe(4);
  });

  it("stops while the tab is hidden, and when the page is left", async () => {
    const { camera, unmount } = await withCamera();
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    act(() => {
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await frames(camera, 2);
    expect(device.frames).toBe(0);
    hidden.mockReturnValue(false);
    act(() => {
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await frames(camera, 2);
    expect(device.frames).toBe(2);
    unmount();
    expect(camera.running).toBe(0);
  });

  it("that may not be used says so", async () => {
    new FakeCamera({ refusal: new DOMException("no", "NotAllowedError") });
    await started();
    await userEvent.click(screen.getByTestId("device-camera"));
    expect(await screen.findByTestId("problem")).toHaveTextContent("may not use the camera");
  });

  it("says when the model stops working, and tries again", async () => {
    const { camera } = await withCamera();
    device.failure = "device_failed";
    await frames(camera, 1);
    const problem = await screen.findByTestId("problem");
    expect(problem).toHaveTextContent("stopped working");
  });
});

describe("consent", () => {
  it("is off at first, says what is sent, and is remembered", async () => {
    await started();
    const send = screen.getByRole("switch", { name: "Send images" });
    expect(send).not.toBeChecked();
    expect(send).toHaveAccessibleDescription(/images stay on this device/);
    await userEvent.click(send);
    expect(send).toHaveAccessibleDescription(/each scene once/);
    expect(consented(owner())).toEqual({ send: true, dataset: null });
    expect(fakeOutbox.withheld).toBe(0);
  });

  it("that is taken back keeps the images that wait on this device", async () => {
    consentTo(owner(), { send: true, dataset: null });
    await started();
    await userEvent.click(screen.getByTestId("device-send"));
    expect(consented(owner()).send).toBe(false);
    expect(fakeOutbox.withheld).toBe(1);
  });

  it("of another caller on this device is nobody's", async () => {
    consentTo(`${fake.url} user:other`, { send: true, dataset: null });
    await started();
    expect(screen.getByTestId("device-send")).not.toBeChecked();
  });

  it("chooses the history or a dataset with a label", async () => {
    fake.datasets.list = [dataset("fruit", ["apple", "pear"])];
    await started();
    await userEvent.click(screen.getByTestId("device-send"));
    await screen.findByRole("option", { name: /fruit/ });
    await userEvent.selectOptions(screen.getByTestId("device-where"), "fruit");
    await userEvent.type(await screen.findByTestId("device-label-in-dataset"), "pear{Enter}");
    expect(consented(owner()).dataset).toEqual({ name: "fruit", label: "pear" });
    await userEvent.selectOptions(screen.getByTestId("device-where"), "");
    expect(consented(owner()).dataset).toBeNull();
  });

  it("offers no dataset to who may not label", async () => {
    fake.me = me({ scopes: ["read", "predict"] });
    await started();
    await userEvent.click(screen.getByTestId("device-send"));
    expect(screen.queryByTestId("device-where")).not.toBeInTheDocument();
  });

  it("is what takes unknown frames: once, and with their image", async () => {
    const { camera } = await withCamera(unknownAnswer());
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(drawn());
    await frames(camera, 20);
    expect(added()).toEqual([]);
    await userEvent.click(screen.getByTestId("device-send"));
    await frames(camera, 30);
    expect(added()).toHaveLength(1);
    expect(added()[0]?.image).toBe(device.classified[0]);
    expect(screen.getByTestId("device-noticed")).toHaveTextContent("1");
  });

  it("takes no frame that is known once it is looked at alone", async () => {
    consentTo(owner(), { send: true, dataset: null });
    const { camera } = await withCamera(unknownAnswer());
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(drawn());
    device.stillAnswer = engineAnswer();
    await frames(camera, 30);
    expect(device.classified).toHaveLength(1);
    expect(added()).toEqual([]);
  });
});

/** A canvas that draws something other than nothing. */
function drawn(): CanvasRenderingContext2D {
  return {
    drawImage: () => undefined,
    getImageData: (_x: number, _y: number, width: number, height: number) => ({
      data: new Uint8ClampedArray(4 * width * height).map((_, n) => (n * 37) % 256),
    }),
  } as unknown as CanvasRenderingContext2D;
}
