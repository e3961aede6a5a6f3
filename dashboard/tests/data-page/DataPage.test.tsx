import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { viewer } from "../callers";
import { FakeApi, problem } from "../fakeApi";
import { dataset, hash, image, run, version } from "../fakeDatasets";
import { record } from "../records";
import { registry } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.datasets.list = [
    dataset("fruit", ["apple", "pear"], {
      classes: [
        { name: "apple", ko: "사과", en: "Apple" },
        { name: "pear", ko: null, en: null },
      ],
    }),
  ];
  fake.datasets.images = [
    image(1, { label: "apple" }),
    image(2, { suspected: "pear", group: hash(2) }),
    image(3, { suspected: "apple", group: hash(2) }),
    image(4, { label: "pear", suspected: "apple" }),
  ];
});

const open = (rest = "", language: "ko" | "en" = "en") =>
  renderDashboard(fake, `/data?dataset=fruit${rest}`, language);
const labels = () => fake.datasets.images.map(({ label }) => label);
const grid = () => screen.findByTestId("image-grid");

describe("the list of datasets", () => {
  it("creates one, by the rules of names, and opens it", async () => {
    renderDashboard(fake, "/data");
    expect(await screen.findByTestId("dataset-link")).toHaveTextContent("fruit");
    const name = await screen.findByTestId("dataset-name");
    await userEvent.type(name, "Fruit 2");
    expect(screen.getByRole("alert")).toHaveTextContent("lower-case letters");
    expect(screen.getByTestId("create")).toBeDisabled();
    await userEvent.clear(name);
    await userEvent.type(name, "fruit");
    expect(screen.getByRole("alert")).toHaveTextContent("exists already");
    await userEvent.type(name, "-2");
    await userEvent.type(screen.getByTestId("dataset-classes"), "a, b, a,");
    await userEvent.click(screen.getByTestId("create"));
    expect(await screen.findByRole("heading", { name: "fruit-2" })).toBeVisible();
    expect(fake.datasets.list?.[1]?.classes.map((one) => one.name)).toEqual(["a", "b"]);
  });

  it("says what to do while there is none, and why it is missing", async () => {
    fake.datasets.list = [];
    renderDashboard(fake, "/data", "ko");
    expect(await screen.findByTestId("datasets-empty")).toHaveTextContent("데이터셋이 없습니다");
    fake.datasets.list = null;
  });

  it("of an API without datasets says so", async () => {
    fake.datasets.list = null;
    renderDashboard(fake, "/data");
    expect(await screen.findByTestId("not-offered")).toBeVisible();
  });

  it("is only read by who may not label", async () => {
    fake.me = viewer();
    renderDashboard(fake, "/data");
    const why = within(await screen.findByTestId("data-read-only"));
    expect(why.getByTestId("missing-scope")).toHaveAttribute("data-scope", "label");
    expect(screen.queryByTestId("create-dataset")).not.toBeInTheDocument();
  });
});

describe("a dataset", () => {
  it("is only read by who may not label", async () => {
    fake.me = viewer();
    open();
    await grid();
    expect(await screen.findByTestId("data-read-only")).toBeVisible();
    for (const id of ["add-images", "label-class", "edit-class", "delete-dataset"]) {
      expect(screen.queryByTestId(id)).not.toBeInTheDocument();
    }
    fireEvent.keyDown(await grid(), { key: "1", code: "Digit1" });
    expect(labels()).toEqual(["apple", null, null, "pear"]);
  });

  it("that is not there says so", async () => {
    renderDashboard(fake, "/data?dataset=none");
    expect(await screen.findAllByText("There is no dataset of this name.")).not.toHaveLength(0);
  });

  it("is asked for again where the API did not answer, and shows then", async () => {
    fake.failing = (path) => {
      if (path === "/datasets/fruit") throw new TypeError("Failed to fetch");
      return null;
    };
    open();
    expect(await screen.findByTestId("problem")).toBeVisible();
    fake.failing = null;
    expect(await screen.findByTestId("tab-images")).toBeVisible();
  });

  it("is deleted by an admin who types its name", async () => {
    open();
    await userEvent.click(await screen.findByTestId("delete-dataset"));
    expect(screen.getByTestId("delete-confirm")).toBeDisabled();
    await userEvent.type(screen.getByTestId("delete-name"), "fruit");
    await userEvent.click(screen.getByTestId("delete-confirm"));
    expect(await screen.findByTestId("datasets-empty")).toBeVisible();
  });
});

describe("the grid", () => {
  it("labels by keyboard alone, one image after the other, and takes it back", async () => {
    open("&view=unlabelled");
    (await grid()).focus();
    await userEvent.keyboard("2");
    expect(await screen.findByTestId("said")).toHaveTextContent("Labelled “pear”: 1");
    await userEvent.keyboard("{Enter}");
    await waitFor(() => {
      expect(labels()).toEqual(["apple", "pear", "apple", "pear"]);
    });
    expect(await screen.findByTestId("images-empty")).toBeVisible();
  });

  it("confirms every suggestion that is selected with one key", async () => {
    open("&view=unlabelled");
    (await grid()).focus();
    await userEvent.keyboard("{Control>}a{/Control}");
    expect(screen.getByTestId("selected-count")).toHaveTextContent("2");
    await userEvent.keyboard("{Enter}");
    await waitFor(() => {
      expect(labels()).toEqual(["apple", "pear", "apple", "pear"]);
    });
  });

  it("labels a whole group of look-alikes with one key", async () => {
    open();
    (await grid()).focus();
    await userEvent.keyboard("{ArrowRight}g");
    await waitFor(() => {
      expect(labels()).toEqual(["apple", "pear", "pear", "pear"]);
    });
    await userEvent.keyboard("{Control>}z{/Control}");
    await waitFor(() => {
      expect(labels()).toEqual(["apple", null, null, "pear"]);
    });
  });

  it("selects a range, removes it, and brings it back from what was removed", async () => {
    open();
    (await grid()).focus();
    await userEvent.keyboard("{Shift>}{ArrowRight}{ArrowRight}{/Shift}{Delete}");
    await waitFor(() => {
      expect(screen.getAllByTestId("image-tile")).toHaveLength(1);
    });
    await userEvent.selectOptions(screen.getByTestId("filter-view"), "removed");
    expect(screen.getAllByTestId("image-tile")).toHaveLength(3);
    await userEvent.click(screen.getByTestId("action-remove"));
    await waitFor(() => {
      expect(fake.datasets.images.filter(({ removed }) => removed)).toHaveLength(2);
    });
  });

  it("moves a whole group of look-alikes to a part, and takes it back", async () => {
    open();
    (await grid()).focus();
    expect(screen.queryByTestId("look-alikes")).not.toBeInTheDocument();
    await userEvent.keyboard("{ArrowRight}");
    expect(screen.getByTestId("look-alikes")).toHaveTextContent("Look-alikes that move along: 1");
    await userEvent.keyboard("e");
    const parts = () => fake.datasets.images.map(({ part }) => part);
    await waitFor(() => {
      expect(parts()).toEqual([null, "test", "test", null]);
    });
    expect(screen.getByTestId("said")).toHaveTextContent("Moved to “Test”: 2");
    await userEvent.selectOptions(screen.getByTestId("filter-part"), "auto");
    expect(screen.getAllByTestId("image-tile")).toHaveLength(2);
    await userEvent.click(screen.getByTestId("action-undo"));
    await waitFor(() => {
      expect(parts()).toEqual([null, null, null, null]);
    });
    expect(fake.datasets.changes.at(-1)).toEqual([
      { sha256: hash(2), part: null },
      { sha256: hash(3), part: null },
    ]);
  });

  it("moves an image and its look-alikes from its dialog, in Korean", async () => {
    open("", "ko");
    (await grid()).focus();
    await userEvent.keyboard("{ArrowRight}v");
    const shown = within(await screen.findByTestId("dataset-image"));
    expect(await shown.findByText("함께 이동하는 유사 이미지: 1장")).toBeVisible();
    await userEvent.selectOptions(shown.getByTestId("image-part"), "validation");
    expect(shown.getByTestId("image-part")).toHaveValue("validation");
    await waitFor(() => {
      expect(fake.datasets.images.map(({ part }) => part)).toEqual([
        null,
        "validation",
        "validation",
        null,
      ]);
    });
  });

  it("asks for thumbnails of what is visible, and shows class names in Korean", async () => {
    open("", "ko");
    const tiles = within(await grid());
    expect(await tiles.findByText("사과")).toBeVisible();
    await waitFor(() => {
      expect(fake.count("/datasets/fruit/thumbnails")).toBe(1);
    });
    expect(tiles.getAllByRole("option")[1]).toHaveTextContent("제안: pear");
  });

  it("says why a change was refused", async () => {
    open();
    fake.failing = (path, method) =>
      method === "POST" && path.endsWith("/changes") ? problem(409, "dataset_conflict") : null;
    (await grid()).focus();
    await userEvent.keyboard("2");
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "dataset_conflict");
    expect(labels()[0]).toBe("apple");
  });

  it("opens an image in full", async () => {
    open();
    (await grid()).focus();
    await userEvent.keyboard("v");
    const shown = within(await screen.findByTestId("dataset-image"));
    expect(await shown.findByRole("img")).toHaveAttribute("src", "http://images.test/original.jpg");
    expect(shown.queryByTestId("source-record")).not.toBeInTheDocument();
  });

  it("leads from a copy to its record", async () => {
    fake.datasets.images = [image(1, { source: "prediction:s3-000001" })];
    fake.records = [record(1)];
    open();
    (await grid()).focus();
    await userEvent.keyboard("v");
    await userEvent.click(await screen.findByTestId("source-record"));
    expect(await screen.findByTestId("record-id")).toHaveTextContent("s3-000001");
  });

  it("leads to the queue of uncertain images, which then offers this dataset", async () => {
    fake.datasets.list = [dataset("animals"), ...(fake.datasets.list ?? [])];
    fake.uncertain = [record(1)];
    open("", "ko");
    await userEvent.click(await screen.findByTestId("add-uncertain"));
    await userEvent.click(await screen.findByRole("button", { name: "데이터셋에 추가" }));
    expect(await screen.findByTestId("take-dataset")).toHaveValue("fruit");
  });
});

describe("a table without images", () => {
  const add = async (text: string) => {
    const files = await screen.findByTestId("add-files");
    const input = files.matches("input") ? files : files.querySelector("input");
    const file = new File([text], "labels.csv");
    Object.defineProperty(file, "webkitRelativePath", { value: "" }); // jsdom has none
    if (input) fireEvent.change(input, { target: { files: [file] } });
  };

  it("labels the images that are here, and can be taken back", async () => {
    open();
    await grid();
    await add(`sha256,label\n${hash(1)},plum\n${hash(9)},pear\n`);
    expect(await screen.findByTestId("relabelled")).toHaveTextContent(
      "Images here that the table labelled: 1",
    );
    await waitFor(() => {
      expect(labels()[0]).toBe("plum");
    });
    expect(fake.datasets.images[0]?.part).toBeNull();
    await userEvent.click(screen.getByTestId("action-undo"));
    await waitFor(() => {
      expect(labels()[0]).toBe("apple");
    });
  });

  it("with a mistake says in which file and line", async () => {
    open("", "ko");
    await add("file_name,label\n1.jpg,a/b\n");
    expect(await screen.findByTestId("intake-problem")).toHaveTextContent(
      "labels.csv 2번째 줄: 클래스로 쓸 수 없는 이름입니다: “a/b”.",
    );
  });
});

describe("classes", () => {
  it("are added, renamed, described, merged and deleted", async () => {
    open();
    await userEvent.type(await screen.findByTestId("new-class"), "plum");
    await userEvent.click(screen.getByTestId("add-new-class"));
    await waitFor(() => {
      expect(screen.getAllByTestId("edit-class")).toHaveLength(3);
    });
    const edit = async (n: number) => {
      const [...buttons] = screen.getAllByTestId("edit-class");
      const button = buttons[n];
      if (button) await userEvent.click(button);
    };
    await edit(1);
    await userEvent.type(screen.getByTestId("class-ko"), "배");
    await userEvent.click(screen.getByTestId("class-describe-save"));
    await waitFor(() => {
      expect(fake.datasets.list?.[0]?.classes[1]).toMatchObject({ name: "pear", ko: "배" });
    });
    await edit(2);
    await userEvent.clear(screen.getByTestId("class-to"));
    await userEvent.type(screen.getByTestId("class-to"), "quince");
    await userEvent.click(screen.getByTestId("class-rename-save"));
    await screen.findByText("quince", { selector: "th" });
    await edit(0);
    expect(screen.getByTestId("class-delete-save")).toBeDisabled();
    await userEvent.click(screen.getByTestId("class-sure"));
    await userEvent.click(screen.getByTestId("class-delete-save"));
    await waitFor(() => {
      expect(labels()[0]).toBeNull();
    });
  });
});

describe("training", () => {
  it("shows each step, the result, and lets the version serve", async () => {
    fake.datasets.images.push(image(5, { label: "apple" }), image(6, { label: "pear" }));
    fake.datasets.forecast = { images: 2673, seconds: 40, usd: 0.002 };
    fake.datasets.next = run({ state: "running", result: null, model_version: null, steps: [] });
    open("&tab=train");
    expect(await screen.findByTestId("train-plan")).toHaveTextContent(
      "Labelled images: 4; classes: 2.",
    );
    expect(screen.getByTestId("forecast")).toHaveTextContent(
      "Estimate: 40 sec and $0.002 (images: 2,673).",
    );
    await userEvent.click(screen.getByTestId("train"));
    const [state] = await screen.findAllByTestId("run-state");
    expect(state).toHaveTextContent("Running");
    fake.datasets.runs = [run()];
    expect(await screen.findByTestId("run-top1", {}, { timeout: 5000 })).toHaveTextContent(
      "95% interval: 91.0% to 99.0%",
    );
    const worst = within(screen.getByTestId("confusions")).getAllByRole("listitem");
    expect(worst).toHaveLength(3);
    expect(worst[0]).toHaveTextContent("true “Apple”, predicted “pear”: 3");
    await userEvent.click(screen.getByTestId("run-promote"));
    await screen.findByTestId("move-changes");
    await userEvent.click(screen.getByTestId("move-confirm"));
    await waitFor(() => {
      expect(fake.count("/models/fruit/1.0.0/promote")).toBe(1);
    });
  });

  it("tells what a run gains over the earlier model, and what labels bring", async () => {
    fake.datasets.runs = [run()];
    open("&tab=train");
    const compared = await screen.findByTestId("compared");
    expect(compared).toHaveAttribute("data-verdict", "better");
    expect(compared).toHaveTextContent(
      "96.1% instead of 94.8% by fruit 0.9.0, on the same test images (48). Difference: 0.2 to 2.4",
    );
    expect(await screen.findByTestId("label-curve")).toBeInTheDocument();
  });

  it("does not call a difference that chance explains a gain", async () => {
    const { result } = run();
    if (result?.compared == null) throw new Error("the fake run is compared");
    const compared = { ...result.compared, difference_low: -0.01 };
    fake.datasets.runs = [run({ result: { ...result, compared, curve: [] } })];
    open("&tab=train");
    expect(await screen.findByTestId("compared")).toHaveAttribute("data-verdict", "alike");
    expect(screen.queryByTestId("label-curve")).not.toBeInTheDocument();
  });

  it("accepts a run's version as a canary, after saying what changes", async () => {
    const birds = { name: "birds", version: "1.0.0", percent: 5 };
    const { production } = registry().aliases;
    const fruit = { name: "fruit", version: "1.0.0" };
    fake.preview = {
      effects: [
        { kind: "canary", model: fruit, instead_of: production, percent: 10 },
        { kind: "canary_ends", model: birds, instead_of: null, percent: 5 },
      ],
    };
    fake.models = { ...registry(), aliases: { ...registry().aliases, canary: birds } };
    fake.datasets.runs = [run()];
    open("&tab=train");
    await userEvent.click(await screen.findByTestId("run-accept"));
    const changes = await screen.findByTestId("move-changes");
    expect(changes).toHaveTextContent("10% of the images go to fruit 1.0.0;");
    // Of another model, with the same number.
    expect(changes).toHaveTextContent("The canary birds 1.0.0 ends and classifies no more images.");
    await userEvent.click(screen.getByTestId("move-confirm"));
    await waitFor(() => {
      expect(fake.count("/models/fruit/1.0.0/canary")).toBe(1);
    });
  });

  it("waits for images that are not yet looked at, or goes without them", async () => {
    fake.datasets.images.push(image(5, { state: "pending", label: "pear" }));
    fake.datasets.next = run({ state: "running", result: null, model_version: null, steps: [] });
    open("&tab=train");
    await userEvent.click(await screen.findByTestId("train"));
    expect(await screen.findByTestId("train-waits")).toHaveTextContent("1 to go");
    expect(screen.getByTestId("train-without")).toBeEnabled();
    expect(fake.count("/datasets/fruit/train")).toBe(0);
    fake.datasets.images[4] = image(5, { label: "pear" });
    await waitFor(
      () => {
        expect(fake.count("/datasets/fruit/train")).toBe(1);
      },
      { timeout: 6000 },
    );
    expect(screen.queryByTestId("train-waits")).not.toBeInTheDocument();
  });

  it("that failed says why; a viewer is offered nothing", async () => {
    fake.me = viewer();
    fake.datasets.runs = [
      run({ state: "failed", result: null, error: ["invalid_config", "too few images"] }),
    ];
    open("&tab=train");
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "invalid_config");
    expect(screen.queryByTestId("train")).not.toBeInTheDocument();
  });

  it("offers the camera once the version serves", async () => {
    fake.datasets.runs = [run({ model: "visionflow20", model_version: "1.0.0" })];
    open("&tab=train");
    expect(await screen.findByTestId("try-it")).toHaveAttribute("href", "#/predict?camera=1");
  });
});

describe("health", () => {
  it("says what to do next, and sets a suspicious label beside the other class", async () => {
    fake.datasets.runs = [run({ model: "visionflow20", model_version: "1.0.0" })];
    fake.datasets.images = fake.datasets.images.map((one, n) =>
      n === 1 ? { ...one, part: "test" as const } : one,
    );
    fake.datasets.health = {
      images: 4,
      labelled: 2,
      unlabelled: 2,
      pending: 0,
      unreadable: 0,
      removed: 0,
      classes: [{ name: "apple", images: 1, groups: 1, suspected: 0, outliers: 0 }],
      duplicates: 1,
      groups: 3,
      imbalance: 6,
      advice: [{ code: "few_images", params: { class: "apple", images: 1, missing: 19 } }],
      new_labels: 0,
      trained_version: null,
      compared: 3,
    };
    open("&tab=health");
    expect(await screen.findByTestId("advice")).toHaveTextContent(
      "“Apple” has few images (1). Add at least 19 more.",
    );
    expect(screen.getByTestId("imbalance")).toHaveTextContent("6 : 1");
    expect(screen.getByTestId("compared")).toHaveTextContent(
      "Images that were compared with each other: 3 of 4.",
    );
    expect(screen.getByTestId("advice")).toHaveTextContent(
      "How often the last training predicted “pear” for “Apple”: 3.",
    );
    expect(screen.getByTestId("advice")).toHaveTextContent("divided between parts");
    const views = within(await screen.findByTestId("training-views"));
    expect(views.getByAltText("Mirrored").style.transform).toContain("scaleX(-1)");
    await userEvent.click(await screen.findByTestId("suspect-change"));
    await waitFor(() => {
      expect(labels()[3]).toBe("apple");
    });
    expect(screen.getByTestId("no-suspects")).toBeVisible();
  });

  it("waits until the images were compared", async () => {
    open("&tab=health");
    expect(await screen.findByTestId("no-health")).toBeVisible();
  });
});

describe("versions", () => {
  it("are frozen, taken along and compared", async () => {
    fake.datasets.versions = [version(1)];
    fake.datasets.diff = {
      old: 1,
      new: 2,
      counts: { added: 5, removed: 1, relabelled: 1 },
      added: [],
      removed: [],
      relabelled: [{ sha256: hash(9), old: "apple", new: "pear" }],
    };
    open("&tab=versions");
    await userEvent.type(await screen.findByTestId("freeze-note"), "before lunch");
    await userEvent.click(screen.getByTestId("freeze"));
    expect(await screen.findByTestId("manifest")).toHaveAttribute(
      "href",
      "http://bucket.test/manifest.jsonl.gz",
    );
    expect(await screen.findByTestId("diff")).toHaveTextContent(
      "From version 1 to 2: added 5, removed 1, relabelled 1.",
    );
    expect(screen.getByTestId("dataset-versions")).toHaveTextContent("before lunch");
  });
});
