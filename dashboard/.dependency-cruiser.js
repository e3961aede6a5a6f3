/**
 * The floors of `src`, from the top. A room imports from the floors below its own and from itself:
 * never from a floor above, and never from another room on its own floor.
 */
const FLOORS = [
  ["main"],
  ["app"],
  [
    ...["live", "predict", "device", "history", "accuracy", "models", "data", "training"],
    ...["admin", "account"],
  ],
  ["outbox"],
  ["records", "moves", "auth"],
  ["ui", "charts", "registry"],
  ["access"],
  ["api", "ondevice"],
  ["i18n", "theme"],
  ["config", "pwa", "styles"],
];

/** The files of `rooms`: folders, or one file of that name. */
const within = (rooms) => `^src/(${rooms.join("|")})[/.]`;

const floors = FLOORS.flatMap((floor, level) =>
  floor.map((room) => ({
    name: `floor-of-${room}`,
    severity: "error",
    comment: `${room} may import from these floors only: ${FLOORS.slice(level + 1).join(" / ")}`,
    from: { path: within([room]) },
    to: { path: "^src/", pathNot: within([room, ...FLOORS.slice(level + 1).flat()]) },
  })),
);

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...floors,
    {
      name: "client-alone",
      severity: "error",
      comment:
        "The client is a package of its own: it knows nothing of the page, and no package else.",
      from: { path: "^client/" },
      to: { pathNot: ["^client/", "^node_modules/openapi-fetch/"] },
    },
    {
      name: "client-by-its-name",
      severity: "error",
      comment: "The page has of the client what programs have: what its index exports.",
      from: { path: "^src/" },
      to: { path: "^client/", pathNot: "^client/src/index[.]ts$" },
    },
    {
      name: "has-a-floor",
      severity: "error",
      comment: "A new folder of src gets a place in FLOORS.",
      from: { path: "^src/", pathNot: within(FLOORS.flat()) },
      to: {},
    },
    { name: "no-circle-of-files", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-circle-of-folders",
      severity: "error",
      scope: "folder",
      from: {},
      to: { circular: true },
    },
    {
      name: "resolvable",
      severity: "error",
      comment:
        "What is not resolved is not checked; by a question mark Vite names a file's address.",
      from: {},
      to: { couldNotResolve: true, pathNot: "[?]" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types"] },
    tsPreCompilationDeps: true, // an import of a type is an import
  },
};
