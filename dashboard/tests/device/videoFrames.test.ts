import { describe, expect, it, vi } from "vitest";

import { videoFrames } from "../../src/device/live/videoFrames";

/** A browser without `requestVideoFrameCallback`, as jsdom is. */
function screenRate() {
  const waiting = new Map<number, () => void>();
  let count = 0;
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => {
    waiting.set(++count, callback);
    return count;
  });
  vi.stubGlobal("cancelAnimationFrame", (id: number) => waiting.delete(id));
  const video = document.createElement("video");
  let state = 0;
  vi.spyOn(video, "readyState", "get").mockImplementation(() => state);
  return {
    video,
    opens: () => (state = video.HAVE_CURRENT_DATA),
    paint: () => {
      const now = [...waiting.values()];
      waiting.clear();
      for (const call of now) call();
      return now.length;
    },
  };
}

describe("frames at the rate of the screen", () => {
  it("come once the camera has one", () => {
    const { video, opens, paint } = screenRate();
    const next = vi.fn();
    videoFrames(video).onNext(next);
    paint();
    paint();
    expect(next).not.toHaveBeenCalled();
    opens();
    paint();
    expect(next).toHaveBeenCalledOnce();
    expect(paint()).toBe(0);
  });

  it("are called off also while there is none yet", () => {
    const { video, opens, paint } = screenRate();
    const next = vi.fn();
    const callOff = videoFrames(video).onNext(next);
    paint();
    callOff();
    opens();
    paint();
    expect(next).not.toHaveBeenCalled();
  });
});
