import "@testing-library/jest-dom/vitest";

import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// Pages come with code of their own, which a busy machine loads slowly the first time.
configure({ asyncUtilTimeout: 10_000 });

// What jsdom lacks. Everything else is real.

vi.mock("react-chartjs-2", async () => await import("./canvas"));

window.matchMedia = (query) =>
  Object.assign(new EventTarget(), { matches: false, media: query }) as MediaQueryList;

HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
};
HTMLDialogElement.prototype.close = function () {
  this.open = false;
};

// Nothing is laid out: a window this high shows every row of a list that draws only what is seen.
window.innerHeight = 100_000;
window.scrollTo = () => undefined;
Element.prototype.scrollIntoView = () => undefined;
globalThis.IntersectionObserver = class {
  root = null;
  rootMargin = "";
  thresholds = [];
  takeRecords = () => [];
  unobserve = () => undefined;
  disconnect = () => undefined;
  observe = (target: Element) => {
    this.#tell([{ target, isIntersecting: true } as IntersectionObserverEntry], this);
  };
  #tell: IntersectionObserverCallback;
  constructor(tell: IntersectionObserverCallback) {
    this.#tell = tell;
  }
};
globalThis.ResizeObserver = class {
  observe = () => undefined;
  unobserve = () => undefined;
  disconnect = () => undefined;
};

Blob.prototype.arrayBuffer = function () {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => {
      const bytes = new Uint8Array(reader.result as ArrayBuffer);
      const copy = Buffer.alloc(bytes.length); // Node's own, the only one that its WebCrypto takes
      copy.set(bytes);
      resolve(copy.buffer);
    };
    reader.readAsArrayBuffer(this);
  });
};

URL.createObjectURL = () => "blob:image";
URL.revokeObjectURL = () => undefined;

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  localStorage.clear();
  sessionStorage.clear();
  window.location.hash = "";
  delete document.documentElement.dataset.theme;
});
