/** Who moves and changes things without a person, as the server writes it down. */
const ACTOR =
  /^(?:the (?:flow|rollback) rule|the month's budget|(?:training job|instant training) [0-9A-Z]{26})$/;

/** Whether a rule, the budget or a training did something: a person's words are no sentence. */
export function isActor(by: string): boolean {
  return ACTOR.test(by);
}
