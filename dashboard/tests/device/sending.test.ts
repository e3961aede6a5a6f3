import { describe, expect, it, vi } from "vitest";

import { consented, consentTo } from "../../src/device/send/consent";
import { thumbnailOf } from "../../src/device/send/jpeg";
import { Noticer } from "../../src/device/send/noticer";
import { grey, isSameScene, SIDE } from "../../src/device/send/scene";

const CELLS = SIDE * SIDE;
const scene = (level: (x: number, y: number) => number) =>
  Uint8Array.from({ length: CELLS }, (_, n) => level(n % SIDE, Math.floor(n / SIDE)));
const slope = (shift = 0, light = 0) => scene((x, y) => 8 * (x + shift) + 4 * y + light);
const disc = scene((x, y) => ((x - 8) ** 2 + (y - 8) ** 2 < 20 ? 220 : 30));

describe("two scenes", () => {
  it("are the same where only the light or a hand has moved a little", () => {
    expect(isSameScene(slope(), slope())).toBe(true);
    expect(isSameScene(slope(), slope(0, 40))).toBe(true);
    expect(isSameScene(slope(), slope(1))).toBe(true);
    const noisy = slope().map((level, n) => level + ((n * 7) % 9) - 4);
    expect(isSameScene(slope(), noisy)).toBe(true);
  });

  it("differ where something else is seen", () => {
    expect(isSameScene(slope(), disc)).toBe(false);
    expect(
      isSameScene(
        disc,
        disc.map((level) => 250 - level),
      ),
    ).toBe(false);
  });

  it("are compared by grey levels", () => {
    const pixels = new Uint8ClampedArray([255, 0, 0, 255, 0, 255, 0, 255, 9, 9, 9, 255]);
    expect([...grey(pixels)]).toEqual([76, 150, 9]);
  });
});

describe("what is worth sending", () => {
  const unknown = (noticer: Noticer, from: number, n: number, seen: Uint8Array | null) =>
    Array.from({ length: n }, (_, at) =>
      noticer.wants("unknown", from + at * 50, () => seen),
    ).filter(Boolean).length;

  it("is what stays unknown for some answers, and no single one", () => {
    const noticer = new Noticer();
    expect(unknown(noticer, 0, 7, disc)).toBe(0);
    expect(noticer.wants("ok", 400, () => disc)).toBe(false);
    expect(unknown(noticer, 450, 7, disc)).toBe(0);
    expect(unknown(noticer, 800, 1, disc)).toBe(1);
  });

  it("is a scene only once, however long it is held up", () => {
    const noticer = new Noticer();
    expect(unknown(noticer, 0, 2000, disc)).toBe(1);
    expect(unknown(noticer, 200_000, 100, slope())).toBe(1);
    expect(unknown(noticer, 300_000, 100, disc)).toBe(0);
  });

  it("is at most one frame in five seconds", () => {
    const noticer = new Noticer();
    let taken = 0;
    for (let n = 0; n < 400; n++) {
      // Another scene every second, for twenty seconds.
      const second = Math.floor(n / 20);
      const seen = scene((x, y) => ((x * (second + 3)) ^ (y * (second + 7))) * 9);
      if (noticer.wants("unknown", n * 50, () => seen)) taken += 1;
    }
    expect(taken).toBe(4);
  });

  it("is nothing that cannot be drawn", () => {
    expect(unknown(new Noticer(), 0, 50, null)).toBe(0);
  });

  it("is compared only where the rest says yes", () => {
    const noticer = new Noticer();
    let drawn = 0;
    for (let n = 0; n < 100; n++) {
      noticer.wants("unknown", n * 50, () => {
        drawn += 1;
        return disc;
      });
    }
    expect(drawn).toBeLessThan(5);
  });
});

it("a JPEG of what is transparent has it on white, as the model sees it", async () => {
  const drawn: unknown[] = [];
  const context = {
    set fillStyle(colour: string) {
      drawn.push(colour);
    },
    fillRect: (...box: number[]) => drawn.push(box),
    drawImage: () => drawn.push("image"),
  };
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((give) => {
    give(new Blob(["jpeg"]));
  });
  const bitmap = { width: 480, height: 120, close: vi.fn() };
  vi.stubGlobal("createImageBitmap", () => Promise.resolve(bitmap));
  await thumbnailOf(new Blob(["png"]));
  expect(drawn).toEqual(["#fff", [0, 0, 240, 60], "image"]);
  expect(bitmap.close).toHaveBeenCalledOnce();
});

describe("consent", () => {
  const ANNA = "https://api.test user:anna";
  const BEN = "https://api.test user:ben";
  const NONE = { send: false, dataset: null };
  const store = (text: string) => {
    localStorage.setItem(`visionflow.device.consent ${ANNA}`, text);
  };

  it("is not given until somebody gives it", () => {
    expect(consented(ANNA)).toEqual(NONE);
  });

  it("is remembered on this device, with where to", () => {
    const given = { send: true, dataset: { name: "fruit", label: null } };
    consentTo(ANNA, given);
    expect(consented(ANNA)).toEqual(given);
    expect(consented(ANNA)).toBe(consented(ANNA));
    localStorage.clear();
    expect(consented(ANNA).send).toBe(false);
  });

  it("is that of one caller: nobody else on this device has given it", () => {
    consentTo(ANNA, { send: true, dataset: { name: "fruit", label: null } });
    expect(consented(BEN)).toEqual(NONE);
    expect(consented(null)).toEqual(NONE);
    consentTo(BEN, { send: true, dataset: null });
    consentTo(BEN, NONE);
    expect(consented(ANNA).send).toBe(true);
  });

  it("is none where the browser denies its storage", () => {
    vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    expect(consented(ANNA)).toEqual(NONE);
  });

  it.each(["yes", "1", '"true"', "[]", '{"send":"true"}', '{"send":1}', "null", "{"])(
    "is not what reads %s",
    (stored) => {
      store(stored);
      expect(consented(ANNA)).toEqual(NONE);
    },
  );

  it("does not go to a dataset whose name is broken", () => {
    store('{"send":true,"dataset":{"name":7}}');
    expect(consented(ANNA)).toEqual({ send: true, dataset: null });
  });
});
