import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { ApiError } from "visionflow-client";
import { describe, expect, it } from "vitest";

import { useCamera } from "../../../src/ui/intake/useCamera";
import { FakeCamera } from "../../fakeCamera";

const SMALL = { width: 640, height: 480 };

function View() {
  const { video, ready, error, turn, torch } = useCamera(SMALL);
  return (
    <>
      <video ref={video} />
      <output>{error instanceof ApiError ? error.code : String(ready)}</output>
      {turn && <button onClick={turn}>turn</button>}
      {torch && (
        <button aria-pressed={torch.on} onClick={() => void torch.toggle()}>
          torch
        </button>
      )}
    </>
  );
}

describe("the camera", () => {
  it("is asked for the size that is wanted, the back one first, and stops when it is left", async () => {
    const camera = new FakeCamera();
    const { unmount } = render(<View />);
    expect(await screen.findByText("true")).toBeInTheDocument();
    expect(camera.wanted).toEqual([
      { facingMode: "environment", width: { ideal: 640 }, height: { ideal: 480 } },
    ]);
    expect(camera.running).toBe(1);
    unmount();
    expect(camera.running).toBe(0);
  });

  it("offers neither a light nor another camera that the device lacks", async () => {
    new FakeCamera();
    render(<View />);
    await screen.findByText("true");
    await act(() => Promise.resolve());
    expect(screen.queryByRole("button")).not.toBeInTheDocument();
  });

  it("turns to the front, and one camera at a time runs", async () => {
    const camera = new FakeCamera({ cameras: 2 });
    render(<View />);
    await userEvent.click(await screen.findByRole("button", { name: "turn" }));
    expect(await screen.findByText("true")).toBeInTheDocument();
    expect(camera.wanted.map(({ facingMode }) => facingMode)).toEqual(["environment", "user"]);
    expect(camera.running).toBe(1);
  });

  it.each([
    ["NotAllowedError", "camera_denied"],
    ["NotReadableError", "camera_failed"],
    ["NotFoundError", "camera_missing"],
  ])("says why it cannot be opened: %s", async (name, code) => {
    new FakeCamera({ refusal: new DOMException("refused", name) });
    render(<View />);
    expect(await screen.findByText(code)).toBeInTheDocument();
  });

  it("says when it has gone, but not when it was turned", async () => {
    const camera = new FakeCamera({ cameras: 2 });
    render(<View />);
    await screen.findByText("true");
    const first = camera.unplug;
    await userEvent.click(await screen.findByRole("button", { name: "turn" }));
    await screen.findByText("true");
    act(first);
    expect(screen.getByText("true")).toBeInTheDocument();
    act(camera.unplug);
    expect(screen.getByText("camera_failed")).toBeInTheDocument();
  });

  it("switches its light on and off, and forgets it with the camera", async () => {
    const camera = new FakeCamera({ cameras: 2, torch: true });
    render(<View />);
    const torch = await screen.findByRole("button", { name: "torch" });
    await userEvent.click(torch);
    expect(torch).toHaveAttribute("aria-pressed", "true");
    await userEvent.click(torch);
    await userEvent.click(torch);
    expect(camera.lamp).toEqual([true, false, true]);
    await userEvent.click(screen.getByRole("button", { name: "turn" }));
    expect(await screen.findByRole("button", { name: "torch" })).toHaveAttribute(
      "aria-pressed",
      "false",
    );
  });
});
