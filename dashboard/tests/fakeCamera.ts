import { onTestFinished, vi } from "vitest";

/** A camera in jsdom, which has none: frames come when a test says so, and files are bytes. */
export class FakeCamera {
  /** What `getUserMedia` was asked for. */
  readonly wanted: MediaTrackConstraints[] = [];
  readonly lamp: boolean[] = [];
  running = 0;
  /** The camera that was opened last ends by itself. */
  unplug: () => void = () => undefined;
  readonly #waiting = new Map<number, () => void>();
  #count = 0;

  constructor({ cameras = 1, torch = false, refusal = null as DOMException | null } = {}) {
    const tell = (unplug: () => void) => (this.unplug = unplug);
    const track = () => {
      this.running += 1;
      return {
        set onended(listener: () => void) {
          tell(listener);
        },
        stop: () => (this.running -= 1),
        getCapabilities: () => (torch ? { torch: true } : {}),
        applyConstraints: ({ advanced }: { advanced: [{ torch: boolean }] }) => {
          this.lamp.push(advanced[0].torch);
          return Promise.resolve();
        },
      };
    };
    const devices = Array.from({ length: cameras }, () => ({ kind: "videoinput" }));
    Object.defineProperty(navigator, "mediaDevices", {
      configurable: true,
      value: {
        getUserMedia: ({ video }: { video: MediaTrackConstraints }) => {
          if (refusal) return Promise.reject(refusal);
          this.wanted.push(video);
          const tracks = [track()];
          return Promise.resolve({ getTracks: () => tracks, getVideoTracks: () => tracks });
        },
        enumerateDevices: () => Promise.resolve(devices),
      },
    });
    const video = HTMLVideoElement.prototype as unknown as Record<string, unknown>;
    video.play = () => Promise.resolve();
    video.requestVideoFrameCallback = (callback: () => void) => {
      this.#waiting.set(++this.#count, callback);
      return this.#count;
    };
    video.cancelVideoFrameCallback = (id: number) => this.#waiting.delete(id);
    onTestFinished(() => {
      delete (navigator as { mediaDevices?: unknown }).mediaDevices;
      for (const name of ["play", "requestVideoFrameCallback", "cancelVideoFrameCallback"]) {
        Reflect.deleteProperty(video, name);
      }
    });
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
    vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((give) => {
      give(new Blob(["jpeg"], { type: "image/jpeg" }));
    });
    const bitmap = { width: 640, height: 480, close: () => undefined };
    vi.stubGlobal("createImageBitmap", () => Promise.resolve(bitmap));
  }

  /** The camera has a new frame. */
  frame(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const call of waiting) call();
  }
}
