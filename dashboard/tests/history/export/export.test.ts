import { createClient } from "visionflow-client";
import { describe, expect, it } from "vitest";

import { readAll, toCsv, toJson } from "../../../src/history/export/export";
import { FakeApi } from "../../fakeApi";
import { feedback, record } from "../../records";

const { signal } = new AbortController();

describe("an export", () => {
  it("reads every row that matches, page by page", async () => {
    const fake = new FakeApi();
    fake.records = Array.from({ length: 250 }, (_, n) =>
      record(n, { confidence: n % 2 === 0 ? 0.99 : 0.4 }),
    );
    const counts: number[] = [];
    const api = createClient({ url: fake.url, fetch: fake.fetch, retries: 0 });
    const rows = await readAll(api, { min: 0.9 }, (count) => counts.push(count), signal);
    expect(rows).toHaveLength(125);
    expect(counts).toEqual([50, 100, 125]);
    expect(fake.count("/logs")).toBe(3);
  });

  it("is CSV that spreadsheets read, and run nothing of", () => {
    const entry = record(1, {
      label: '=HYPERLINK("http://evil")',
      filename: "=1+1 고양이.jpg",
      status: "unknown",
      unknown_reason: "unfamiliar",
      familiarity: 0.31,
      feedback: feedback("개, 고양이"),
    });
    const [header, line] = toCsv([entry]).split("\r\n");
    expect(header).toMatch(
      /^\uFEFFid,created_at,source,status,label,parents,confidence,top_k,unknown_reason,familiarity,/,
    );
    expect(header).toContain(",filename,image_key,image_sha256,");
    expect(line).toContain(",0.93,cat 0.93; dog 0.05,unfamiliar,0.31,");
    expect(line).toContain(",'=1+1 고양이.jpg,uploads/photo-1.jpg,0000");
    expect(line).toContain(`"'=HYPERLINK(""http://evil"")"`);
    expect(line).toContain('"개, 고양이"');
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "＝1+1", "＋1", "－1", "＠a"])(
    "shows %j as text in a spreadsheet",
    (label) => {
      const csv = toCsv([record(1, { label })]);
      expect(csv).toMatch(new RegExp(`,"?'${label.replace(/[+()]/g, "\\$&")}"?,`));
    },
  );

  it("says in a column of its own what people said of each answer", () => {
    const said = [
      record(1, { feedback: feedback("cat") }),
      record(2, { feedback: feedback("dog") }),
      record(3, { feedback: feedback(null) }),
      record(4),
    ];
    const [header = "", ...lines] = toCsv(said).split("\r\n");
    const column = header.split(",").indexOf("feedback");
    expect(header.split(",")[column + 1]).toBe("feedback_label");
    const cells = lines.slice(0, 4).map((line) => line.split(",").slice(column, column + 2));
    expect(cells).toEqual([
      ["right", "cat"],
      ["wrong", "dog"],
      ["none", ""],
      ["", ""],
    ]);
  });

  it("is JSON without addresses that expire", () => {
    const [entry] = JSON.parse(toJson([record(1)])) as Record<string, unknown>[];
    expect(entry).toMatchObject({ id: "s3-000001", label: "cat" });
    expect(entry).not.toHaveProperty("thumbnail_url");
  });
});
