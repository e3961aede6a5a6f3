import { screen } from "@testing-library/react";
import type { UserEvent } from "@testing-library/user-event";

/** Chooses from a searched list of labels: types `typed`, and takes `name` of what is left. */
export async function choose(
  user: Pick<UserEvent, "click" | "clear" | "type">,
  testId: string,
  name: string,
  typed = name,
): Promise<void> {
  const box = await screen.findByTestId(testId);
  await user.click(box);
  await user.clear(box);
  await user.type(box, typed);
  const options = await screen.findAllByRole("option");
  const wanted = options.find((option) => option.firstElementChild?.textContent === name);
  if (!wanted) throw new Error(`${name} is not in the list`);
  await user.click(wanted);
}
