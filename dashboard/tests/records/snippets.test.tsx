import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { LANGUAGES, snippet } from "../../src/records/snippet/snippets";
import { FakeApi } from "../fakeApi";
import { record } from "../records";
import { renderDashboard } from "../render";

const OPEN = { url: "http://127.0.0.1:4566/_aws/$default", asksWho: false };
const CLOSED = { url: "https://api.test", asksWho: true };

describe("a snippet", () => {
  it.each(LANGUAGES)("in %s has the address, and a key only where one is asked for", (language) => {
    expect(snippet(language, OPEN, "cat.jpg")).toContain(`${OPEN.url}/predict`);
    expect(snippet(language, OPEN, "cat.jpg")).not.toContain("VISIONFLOW_API_KEY");
    expect(snippet(language, CLOSED, "cat.jpg")).toContain("VISIONFLOW_API_KEY");
  });

  it("quotes a stranger's name for each language", () => {
    const name = `a"; rm -rf $HOME '\\.jpg`;
    expect(snippet("curl", OPEN, name)).toContain(
      String.raw`-F 'file=@"a\"; rm -rf $HOME '\''\\.jpg"'`,
    );
    expect(snippet("python", OPEN, name)).toContain(`Path(${JSON.stringify(name)})`);
    expect(snippet("typescript", OPEN, name)).toContain(`const name = ${JSON.stringify(name)};`);
  });

  it("stands beside a record, with the name of its file", async () => {
    const fake = new FakeApi();
    fake.records = [record(1, { filename: "고양이.jpg" })];
    renderDashboard(fake, "/history?record=s3-000001");
    const user = userEvent.setup(); // brings a clipboard
    await user.click(await screen.findByText("Get this answer from code"));
    expect(await screen.findByTestId("snippet-code")).toHaveTextContent("고양이.jpg");
    await user.click(screen.getByTestId("snippet-python"));
    expect(screen.getByTestId("snippet-code")).toHaveTextContent("urlopen");
    await user.click(screen.getByTestId("snippet-copy"));
    await expect(navigator.clipboard.readText()).resolves.toBe(
      snippet("python", { url: fake.url, asksWho: false }, "고양이.jpg"),
    );
  });
});
