import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { choose } from "../choose";
import { FakeApi, problem } from "../fakeApi";
import { record } from "../records";
import { registry } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  fake = new FakeApi();
});

const user = () => userEvent.setup({ advanceTimers: vi.advanceTimersByTime.bind(vi) });
const seconds = (count: number) => act(() => vi.advanceTimersByTimeAsync(count * 1000));
const shownIds = () => screen.queryAllByTestId("history-row").map((row) => row.dataset.id);
const some = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => record(from + index));

describe("a row", () => {
  it("shows image, label, confidence, model, source and time", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history");
    const row = within(await screen.findByTestId("history-row"));
    expect(row.getByTestId("thumbnail")).toHaveAttribute("src", record(1).thumbnail_url);
    expect(row.getByTestId("row-label")).toHaveTextContent("cat");
    expect(row.getByTestId("row-confidence")).toHaveTextContent("93.0%");
    expect(row.getByTestId("row-model")).toHaveTextContent("starter 1.0.0");
    expect(row.getByTestId("row-source")).toHaveTextContent("S3 upload");
    expect(row.getByRole("time")).toHaveAttribute("datetime", record(1).created_at);
  });

  it("does not name an image that the model did not", async () => {
    fake.records = [record(1, { status: "unknown", confidence: 0.31 })];
    renderDashboard(fake, "/history");
    const row = within(await screen.findByTestId("history-row"));
    expect(row.getByText("Unknown")).toBeVisible();
    expect(row.getByTestId("row-label")).toHaveTextContent("closest: cat");
  });

  it.each([
    ["unsure", "en", "Unsure"],
    ["unfamiliar", "en", "Unfamiliar"],
    ["unsure", "ko", "확신 부족"],
    ["unfamiliar", "ko", "낯선 이미지"],
  ] as const)("says why it is unknown: %s, in %s", async (reason, language, words) => {
    fake.records = [record(1, { status: "unknown", unknown_reason: reason })];
    const { unmount } = renderDashboard(fake, "/history", language);
    expect(within(await screen.findByTestId("history-row")).getByText(words)).toBeVisible();
    unmount();
    renderDashboard(fake, "/history?view=grid", language);
    expect(within(await screen.findByTestId("history-row")).getByText(words)).toBeVisible();
  });

  it("says in the reader's language why an image failed", async () => {
    fake.records = [record(1, { status: "failed" })];
    renderDashboard(fake, "/history", "ko");
    const row = await screen.findByTestId("history-row");
    expect(row).toHaveTextContent("이미지가 불완전합니다");
  });

  it("keeps its image when the next poll brings another address for it", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history");
    await screen.findByTestId("thumbnail");
    fake.records = [record(1, { thumbnail_url: "http://images.test/again" })];
    await seconds(5);
    expect(screen.getByTestId("thumbnail")).toHaveAttribute("src", record(1).thumbnail_url);
  });
});

describe("live", () => {
  it("shows a new record within 3 s, on top", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history");
    await screen.findByTestId("history-row");
    fake.records.push(record(2));
    await seconds(2.9);
    expect(shownIds()).toEqual(["s3-000002", "s3-000001"]);
  });

  it("shows the first record of an empty list", async () => {
    renderDashboard(fake, "/history");
    const empty = within(await screen.findByTestId("history-empty"));
    expect(empty.getByRole("link")).toHaveAttribute("href", "#/predict");
    fake.records.push(record(1));
    await seconds(2.9);
    expect(shownIds()).toEqual(["s3-000001"]);
  });

  it("asks nothing while the tab is hidden, and catches up when it is seen again", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history");
    await screen.findByTestId("history-row");
    const visibility = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    await seconds(1);
    const before = fake.count("/logs");
    fake.records.push(record(2));
    await seconds(60);
    expect(fake.count("/logs")).toBe(before);

    visibility.mockReturnValue("visible");
    document.dispatchEvent(new Event("visibilitychange"));
    await seconds(1);
    expect(shownIds()).toEqual(["s3-000002", "s3-000001"]);
  });

  it("starts over when more arrived than it can catch up with", async () => {
    fake.records = [record(0)];
    renderDashboard(fake, "/history");
    await screen.findByTestId("history-row");
    fake.records.push(...some(1, 700));
    await seconds(3);
    await waitFor(() => {
      expect(shownIds()).toEqual(
        some(0, 700)
          .reverse()
          .map(({ id }) => id),
      );
    });
  });
});

describe("an API that can't be reached", () => {
  it("is said at once and recovered from by itself", async () => {
    fake.down = true;
    renderDashboard(fake, "/history");
    expect(await screen.findByText("The API can’t be reached")).toBeVisible();
    fake.down = false;
    fake.records = [record(1)];
    await seconds(2.9);
    expect(shownIds()).toEqual(["s3-000001"]);
    expect(screen.getByTestId("live-status")).toHaveAttribute("data-state", "live");
  });

  it("leaves what is known on the screen", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history");
    await screen.findByTestId("history-row");
    fake.down = true;
    await seconds(3);
    expect(screen.getByTestId("live-status")).toHaveAttribute("data-state", "down");
    expect(shownIds()).toEqual(["s3-000001"]);
    fake.down = false;
    fake.records.push(record(2));
    await seconds(2.9);
    expect(screen.getByTestId("live-status")).toHaveAttribute("data-state", "live");
    expect(shownIds()).toEqual(["s3-000002", "s3-000001"]);
  });
});

describe("older records", () => {
  it("come by themselves, to the oldest, while new ones arrive, each once", async () => {
    fake.records = some(0, 120);
    renderDashboard(fake, "/history");
    await screen.findAllByTestId("history-row");
    for (let next = 120; screen.queryByTestId("history-end") === null; next++) {
      fake.records.push(record(next));
      await seconds(1);
    }
    await seconds(3);
    expect(shownIds()).toEqual(
      fake.records
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
  });

  it("are asked for again when told to, and the page says why they did not come", async () => {
    fake.records = some(0, 80);
    fake.failing = (path) => (path.includes("cursor") ? problem(500, "internal_error") : null);
    renderDashboard(fake, "/history");
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "internal_error");
    expect(shownIds()).toHaveLength(50);
    fake.failing = null;
    await user().click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => {
      expect(shownIds()).toHaveLength(80);
    });
  });
});

describe("filters", () => {
  it("by status, and by label, and none", async () => {
    fake.records = [
      record(1),
      record(2, { label: "dog" }),
      record(3, { status: "unknown" }),
      record(4, { status: "failed" }),
    ];
    renderDashboard(fake, "/history");
    await waitFor(() => {
      expect(shownIds()).toHaveLength(4);
    });
    await user().selectOptions(screen.getByLabelText("Status"), "unknown");
    await waitFor(() => {
      expect(shownIds()).toEqual(["s3-000003"]);
    });
    await user().selectOptions(screen.getByLabelText("Status"), "All statuses");
    await choose(user(), "filter-label", "dog", "do");
    await waitFor(() => {
      expect(shownIds()).toEqual(["s3-000002"]);
    });
    expect(window.location.hash).toBe("#/history?label=dog");
    await user().click(screen.getByRole("button", { name: "Clear filters" }));
    await waitFor(() => {
      expect(shownIds()).toHaveLength(4);
    });
  });

  it("stay live", async () => {
    renderDashboard(fake, "/history?label=dog");
    expect(await screen.findByTestId("history-no-match")).toBeVisible();
    fake.records = [record(1), record(2, { label: "dog" })];
    await seconds(2.9);
    expect(shownIds()).toEqual(["s3-000002"]);
  });
});

describe("a record", () => {
  it("opens from its row and closes again, without a step of its own for the back button", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history");
    const row = within(await screen.findByTestId("history-row")).getByRole("button");
    const step: unknown = window.history.state;
    await user().click(row);
    expect(await screen.findByTestId("record-id")).toHaveTextContent("s3-000001");
    expect(screen.getByAltText("The image that was classified")).toHaveAttribute(
      "src",
      "http://images.test/original.jpg",
    );
    expect(window.history.state).not.toEqual(step);
    await user().click(screen.getByRole("button", { name: "Close" }));
    await waitFor(() => {
      expect(screen.queryByTestId("record")).not.toBeInTheDocument();
    });
    expect(window.history.state).toEqual(step);
  });

  it("that a link opened closes where it is, and the filters stay", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history?label=cat&record=s3-000001");
    await screen.findByTestId("record-id");
    await user().click(screen.getByRole("button", { name: "Close" }));
    expect(screen.queryByTestId("record")).not.toBeInTheDocument();
    expect(window.location.hash).toBe("#/history?label=cat");
  });

  describe("of an unfamiliar image", () => {
    const strange = record(1, {
      status: "unknown",
      unknown_reason: "unfamiliar",
      familiarity: 0.312,
      model: { name: "visionflow20", version: "1.0.0" },
    });
    beforeEach(() => {
      fake.models = registry();
      fake.records = [strange];
    });

    it("compares its familiarity with the threshold of the version that answered", async () => {
      renderDashboard(fake, "/history?record=s3-000001");
      expect(await screen.findByTestId("why-unknown")).toHaveTextContent(
        "This image is unlike anything the model was trained on. " +
          "Its best guess, “cat” with 93.0%, is therefore not an answer.",
      );
      await waitFor(() => {
        expect(screen.getByTestId("familiarity")).toHaveTextContent(
          "0.312, below the threshold of 0.400: unlike the training images",
        );
      });
    });

    it("names the blur that its familiarity does not explain", async () => {
      fake.records = [{ ...strange, familiarity: 0.45 }];
      renderDashboard(fake, "/history?record=s3-000001", "ko");
      await waitFor(() => {
        expect(screen.getByTestId("familiarity")).toHaveTextContent("흐리거나 확대된 이미지");
      });
    });

    it("shows the number alone where the version is gone", async () => {
      fake.models = null;
      renderDashboard(fake, "/history?record=s3-000001");
      expect(await screen.findByTestId("familiarity")).toHaveTextContent(/^0\.312$/);
    });

    it("of an earlier version has neither a reason nor a familiarity", async () => {
      fake.records = [record(1, { status: "unknown" })];
      renderDashboard(fake, "/history?record=s3-000001");
      const dialog = within(await screen.findByTestId("record"));
      expect((await dialog.findAllByText("Unknown")).length).toBeGreaterThan(0);
      expect(dialog.queryByTestId("why-unknown")).not.toBeInTheDocument();
      expect(dialog.queryByTestId("familiarity")).not.toBeInTheDocument();
    });
  });

  it("that has expired is said to be gone", async () => {
    renderDashboard(fake, "/history?record=s3-gone");
    const problem = await screen.findByTestId("problem");
    expect(problem).toHaveTextContent("There is no prediction with this ID");
  });
});

describe("the filter by a file's name", () => {
  it("asks once the text is there, and is kept in the address", async () => {
    fake.records = [record(1, { filename: "IMG_1.JPG" }), record(2, { filename: "cat.png" })];
    renderDashboard(fake, "/history", "ko");
    expect(await screen.findAllByTestId("row-label")).toHaveLength(2);
    const asked = fake.count("/logs");
    const input = screen.getByRole("searchbox", { name: "파일 이름" });
    await userEvent.type(input, "img_");
    expect(window.location.hash).not.toContain("filename");
    expect(fake.count("/logs")).toBeLessThanOrEqual(asked + 1); // a poll, perhaps
    await userEvent.keyboard("{Enter}");
    await waitFor(() => {
      expect(screen.getAllByTestId("row-label")).toHaveLength(1);
    });
    expect(window.location.hash).toContain("filename=img_");
    expect(screen.getByTestId("filter-filename")).toHaveFocus();
    await userEvent.clear(screen.getByTestId("filter-filename"));
    await waitFor(() => {
      expect(screen.getAllByTestId("row-label")).toHaveLength(2);
    });
  });

  it("does not search within a Korean syllable", async () => {
    fake.records = [record(1, { filename: "고양이.jpg" })];
    renderDashboard(fake, "/history", "ko");
    const input = await screen.findByTestId("filter-filename");
    await userEvent.type(input, "고");
    fireEvent.keyDown(input, { key: "Enter", isComposing: true });
    expect(window.location.hash).not.toContain("filename");
    fireEvent.keyDown(input, { key: "Enter" });
    await waitFor(() => {
      expect(window.location.hash).toContain("filename");
    });
  });
});
