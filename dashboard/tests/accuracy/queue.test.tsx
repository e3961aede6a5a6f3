import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { choose } from "../choose";
import { FakeApi, problem } from "../fakeApi";
import { record } from "../records";
import { registryOfRecords, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registryOfRecords();
  fake.stats = stats();
  fake.uncertain = [record(1, { confidence: 0.4 }), record(2, { confidence: 0.5 }), record(3)];
});

const open = async (language: "en" | "ko" = "en") => {
  renderDashboard(fake, "/accuracy?tab=label", language);
  await screen.findByTestId("label-none");
};
const press = (key: string, code = "") => fireEvent.keyDown(document.body, { key, code });
const sent = (n: number) => fake.sent(`/predictions/s3-00000${n}/feedback`);
const queued = (label: string | null) => ({ label, from_queue: true });
const unfamiliar = (n: number) =>
  record(n, { status: "unknown", unknown_reason: "unfamiliar", confidence: 1 });

describe("the queue to label", () => {
  it("is worked through with the keyboard alone", async () => {
    await open();
    press("2");
    expect(screen.getByTestId("label-count")).toHaveTextContent("2 left · 1 labelled");
    press("Enter");
    expect(screen.getByTestId("label-count")).toHaveTextContent("1 left · 2 labelled");
    press("b", "KeyB");
    expect(screen.getByTestId("label-count")).toHaveTextContent("2 left · 2 labelled");
    press("ㄴ", "KeyS");
    press("ㄴ", "KeyS");
    expect(await screen.findByTestId("label-empty")).toBeVisible();
    await waitFor(async () => {
      expect(await sent(2)).toEqual([queued("cat")]);
    });
    expect(await sent(1)).toEqual([queued("dog")]);
    expect(fake.count("/predictions/s3-000003/feedback")).toBe(0);
  });

  it("loses no key while the API thinks about an earlier one", async () => {
    await open();
    fake.delay = 200;
    press("1");
    press("2");
    press("0");
    expect(screen.getByTestId("label-empty")).toBeVisible();
    await waitFor(
      async () => {
        expect([await sent(1), await sent(2), await sent(3)]).toEqual([
          [queued("cat")],
          [queued("dog")],
          [queued(null)],
        ]);
      },
      { timeout: 5_000 },
    );
  });

  it.each(["unsure", "unfamiliar"] as const)(
    "offers first that an %s image is none of the classes, which Enter takes",
    async (reason) => {
      fake.uncertain = [record(1, { status: "unknown", unknown_reason: reason }), record(2)];
      await open();
      const [first, ...guesses] = within(
        screen.getByRole("list", { name: "What the image shows" }),
      ).getAllByRole("button");
      expect(first).toHaveTextContent("0None of these");
      expect(guesses.map((guess) => guess.textContent)).toEqual(["1cat93.0%", "2dog5.0%"]);
      press("Enter");
      // One that the model has named is offered its name first.
      const names = within(screen.getByRole("list", { name: "What the image shows" }));
      expect(names.getAllByRole("button")[0]).toHaveTextContent("1cat");
      expect(names.getAllByRole("button").at(-1)).toHaveTextContent("0None of these");
      await waitFor(async () => {
        expect(await sent(1)).toEqual([queued(null)]);
      });
    },
  );

  it("takes the last one back with a key, and shows it again", async () => {
    fake.uncertain = [unfamiliar(1), unfamiliar(2)];
    await open();
    press("1");
    press("0");
    press("u", "KeyU");
    expect(screen.getByTestId("label-count")).toHaveTextContent("1 left · 1 labelled");
    await waitFor(() => {
      expect(fake.uncertain?.map(({ feedback }) => feedback?.label)).toEqual(["cat", undefined]);
    });
    expect(await sent(2)).toHaveLength(2);
    press("ㅕ", "KeyU");
    expect(screen.getByTestId("label-count")).toHaveTextContent("2 left · 0 labelled");
    await waitFor(() => {
      expect(fake.uncertain?.map(({ feedback }) => feedback)).toEqual([null, null]);
    });
  });

  it("takes back one that has not reached the API yet in its turn", async () => {
    await open();
    fake.delay = 100;
    press("1");
    press("u", "KeyU");
    await waitFor(async () => {
      expect(await sent(1)).toHaveLength(2);
    });
    await waitFor(() => {
      expect(fake.uncertain?.[0]?.feedback).toBeNull();
    });
    expect(screen.getByTestId("label-count")).toHaveTextContent("3 left · 0 labelled");
  });

  it("names what could not be saved, and sends it again", async () => {
    fake.failing = (path) =>
      path.endsWith("s3-000001/feedback") ? problem(429, "too_many_requests") : null;
    await open();
    press("1");
    press("1");
    const unsaved = await screen.findByTestId("label-unsaved");
    expect(unsaved).toHaveTextContent("Not saved: 1");
    expect(unsaved).toHaveTextContent("Too many requests");
    fake.failing = null;
    await userEvent.click(within(unsaved).getByRole("button"));
    await waitFor(() => {
      expect(fake.uncertain?.map(({ feedback }) => feedback?.label)).toEqual([
        "cat",
        "cat",
        undefined,
      ]);
    });
    expect(screen.queryByTestId("label-unsaved")).not.toBeInTheDocument();
  });

  it("offers the labels of the version that answered, and a new class", async () => {
    fake.status = { ...fake.status, labels: ["only", "served"] };
    await open();
    await userEvent.click(screen.getByTestId("label-other"));
    await choose(userEvent, "feedback-label", "starfish");
    await userEvent.click(screen.getByTestId("feedback-save"));
    await userEvent.click(screen.getByTestId("label-new"));
    await userEvent.type(screen.getByTestId("feedback-new-name"), " yak ");
    await userEvent.click(screen.getByTestId("feedback-save"));
    await waitFor(async () => {
      expect(await sent(1)).toEqual([queued("starfish")]);
      expect(await sent(2)).toEqual([{ ...queued("yak"), new: true }]);
    });
  });

  it("goes on with the next image when one was deleted", async () => {
    fake.records = fake.uncertain ?? [];
    await open();
    await userEvent.click(screen.getByTestId("record-delete"));
    await userEvent.click(screen.getByTestId("delete-confirm"));
    await waitFor(() => {
      expect(screen.getByTestId("label-count")).toHaveTextContent("2 left · 0 labelled");
    });
    expect(fake.count("/uncertain")).toBe(1);
  });

  it.each([
    ["en", "The accuracy by feedback leaves it out."],
    ["ko", "피드백 기준 정확도에는 포함하지 않습니다."],
  ] as const)("says that its images say little about accuracy (%s)", async (language, text) => {
    await open(language);
    expect(screen.getByTestId("label-bias")).toHaveTextContent(text);
    await act(() => Promise.resolve());
  });
});
