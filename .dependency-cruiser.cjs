// The layers of src/: an arrow says which other folders a folder may import. tools/layers/check.ts reads
// the table too, so that a new folder without an arrow is an error.
const arrows = {
  lib: [],
  cel: ["lib"],
  api: ["cel", "lib"],
  store: ["lib"],
  apiserver: ["api", "cel", "store", "lib"],
  client: ["api", "lib"],
  controllers: ["client", "api", "lib"],
  scheduler: ["client", "api", "lib"],
  net: ["client", "api", "lib"],
  kubelet: ["net", "client", "api", "lib"],
  registry: ["lib"],
  cluster: ["lib", "cel", "api", "store", "apiserver", "client", "controllers", "scheduler", "net", "kubelet", "registry"],
  cli: ["cluster", "client", "api", "lib"],
};

// A test may set its subject against the real neighbours, and so may what tests share.
const test = "[.]test[.]ts$|/testing([.]ts$|/)";

// The one agreed exception: the kubelet pulls images with the client half of the registry's protocol.
const imageClient = "^src/registry/client[.]ts$";

const layers = Object.entries(arrows).map(([folder, may]) => ({
  name: `layer-${folder}`,
  comment: `src/${folder} may import ${may.length === 0 ? "nothing else of src" : may.join(", ")}.`,
  severity: "error",
  from: { path: `^src/${folder}/`, pathNot: test },
  to: { path: "^src/", pathNot: `^src/(${[folder, ...may].join("|")})/${folder === "kubelet" ? `|${imageClient}` : ""}` },
}));

module.exports = {
  arrows,
  forbidden: [
    ...layers,
    {
      name: "siblings-meet-at-the-api-server",
      comment: "One kind's controller knows nothing of another's.",
      severity: "error",
      from: { path: "^src/controllers/([^/]+)/", pathNot: test },
      to: { path: "^src/controllers/([^/]+)/", pathNot: "^src/controllers/($1|common|shared)/" },
    },
    {
      name: "apps-stand-alone",
      comment: "The sample systems run on a real cluster too: they never import the platform.",
      severity: "error",
      from: { path: "^apps/", pathNot: test },
      to: { path: "^src/" },
    },
    {
      name: "services-meet-over-http",
      comment: "A service imports the common package and itself.",
      severity: "error",
      from: { path: "^apps/([^/]+)/([^/]+)/", pathNot: test },
      to: { path: "^apps/[^/]+/[^/]+/", pathNot: "^apps/$1/($2|common)/" },
    },
    {
      name: "nothing-imports-tests",
      severity: "error",
      from: { path: "^(src|apps|bin)/", pathNot: test },
      to: { path: `^(test|bench|tools)/|${test}` },
    },
    { name: "no-circle", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "production-needs-production",
      comment: "What users run may not need a development dependency (types apart).",
      severity: "error",
      from: { path: "^(src|apps|bin)/", pathNot: `${test}|^apps/shop/([^/]+[.]ts$|test/)` },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "node_modules/@types/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|generated)/" },
    moduleSystems: ["es6"],
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"], extensions: [".ts", ".js"] },
  },
};
