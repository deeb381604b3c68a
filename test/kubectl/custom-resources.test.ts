import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cleanUpShared } from "../support/cluster.ts";
import { kubectlSuite } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-custom");

const GROUP = "custom.tidepool.test";
const CRONTABS = `crontabs.${GROUP}`;

if (!skip) cleanUpShared(() => kubectl.ok(["delete", "crd", CRONTABS, "--ignore-not-found", "--wait=false"]));

const SCHEMA = {
  type: "object",
  description: "A CronTab runs an image by a schedule.",
  properties: {
    spec: {
      type: "object",
      description: "What should run.",
      required: ["schedule"],
      properties: {
        schedule: { type: "string", description: "When to run.", pattern: "^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$" },
        image: { type: "string", default: "busybox" },
        replicas: { type: "integer", minimum: 1, maximum: 10, default: 1 },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: { type: "object", required: ["name"], properties: { name: { type: "string" }, port: { type: "integer" } } },
        },
      },
      "x-kubernetes-validations": [{ rule: "self.replicas < 5 || self.image != 'busybox'", message: "so many need an image of their own" }],
    },
    status: { type: "object", properties: { replicas: { type: "integer" }, selector: { type: "string" } } },
  },
};

const crd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: CRONTABS },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: { plural: "crontabs", singular: "crontab", kind: "CronTab", shortNames: ["ctab"], categories: ["tidepool"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: SCHEMA },
        subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas", labelSelectorPath: ".status.selector" } },
        selectableFields: [{ jsonPath: ".spec.image" }],
        additionalPrinterColumns: [
          { name: "Schedule", type: "string", jsonPath: ".spec.schedule" },
          { name: "Replicas", type: "integer", jsonPath: ".spec.replicas" },
          { name: "Image", type: "string", jsonPath: ".spec.image", priority: 1 },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
      },
      { name: "v1beta1", served: true, storage: false, deprecated: true, schema: { openAPIV3Schema: SCHEMA } },
    ],
  },
};

const cronTab = (name: string, spec: object = {}, metadata: object = {}): object => ({ apiVersion: `${GROUP}/v1`, kind: "CronTab", metadata: { name, ...metadata }, spec: { schedule: "* * * * */5", ...spec } });

describe("custom resources", { skip }, () => {
  before(async () => {
    assert.equal(await kubectl.ok(["apply", "-f", "-"], { input: crd }), `customresourcedefinition.apiextensions.k8s.io/${CRONTABS} created`);
    assert.match(await kubectl.ok(["wait", "--for=condition=Established", `crd/${CRONTABS}`, "--timeout=20s"]), /condition met$/);
  });

  test("are there as soon as they are defined, by all their names", async () => {
    assert.equal(await kubectl.ok(["apply", "-f", "-"], { input: cronTab("first") }), `crontab.${GROUP}/first created`);
    for (const name of ["crontabs", "crontab", "ctab", "tidepool", `crontabs.v1beta1.${GROUP}`]) assert.match(await kubectl.ok(["get", name, "-o", "name"]), /^crontab\.custom\.tidepool\.test\/first$/m, name);
    assert.match(await kubectl.ok(["api-resources", `--api-group=${GROUP}`]), /^crontabs +ctab +custom\.tidepool\.test\/v1 +true +CronTab$/m);
    assert.match(await kubectl.ok(["get", "crd", CRONTABS]), /^NAME +SCOPE +VERSIONS +CREATED AT\ncrontabs\.custom\.tidepool\.test +Namespaced +v1\(storage\),v1beta1 +\d{4}-\d\d-\d\dT[\d:]+Z$/);
  });

  test("are printed in their columns", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: cronTab("columns", { replicas: 3 }) });
    assert.match(await kubectl.ok(["get", "ctab", "columns"]), /^NAME +SCHEDULE +REPLICAS +AGE\ncolumns +\* \* \* \* \*\/5 +3 +\d+s$/);
    assert.match(await kubectl.ok(["get", "ctab", "columns", "-o", "wide"]), /^NAME +SCHEDULE +REPLICAS +IMAGE +AGE\ncolumns +\* \* \* \* \*\/5 +3 +busybox +\d+s$/);
    assert.match(await kubectl.ok(["describe", "ctab", "columns"]), /Spec:\n {2}Image: +busybox\n {2}Replicas: +3\n/);
    await kubectl.ok(["apply", "-f", "-"], { input: cronTab("chosen", { image: "chosen" }) });
    assert.equal(await kubectl.ok(["get", "ctab", "--field-selector=spec.image=chosen", "-o", "name"]), `crontab.${GROUP}/chosen`);
  });

  test("are explained", async () => {
    const explained = await kubectl.ok(["explain", "crontab", "--recursive"]);
    assert.match(explained, /^GROUP: +custom\.tidepool\.test\nKIND: +CronTab\nVERSION: +v1\n/);
    assert.match(explained, /A CronTab runs an image by a schedule\./);
    for (const line of ["  spec\t<Object>", "    ports\t<[]Object>", "      name\t<string> -required-", "    schedule\t<string> -required-", "  status\t<Object>"]) assert.ok(explained.includes(`${line}\n`), line);
    assert.match(await kubectl.ok(["explain", "crontab.spec.schedule"]), /FIELD: schedule <string>.*DESCRIPTION:\n {4}When to run\./s);
  });

  test("are validated, by kubectl and by the server", async () => {
    const fails = (spec: object, ...flags: string[]): Promise<string> => kubectl.fails(["apply", ...flags, "-f", "-"], { input: cronTab("bad", spec) });
    assert.match(await fails({ schedule: 5 }), /spec\.schedule: Invalid value: "integer": spec\.schedule in body must be of type string: "integer"/);
    assert.match(await fails({ schedule: "often" }), /spec\.schedule: Invalid value: "often": spec\.schedule in body should match '\^\(\\d\+/);
    assert.match(await fails({ replicas: 11, image: "a" }), /spec\.replicas: Invalid value: 11: spec\.replicas in body should be less than or equal to 10/);
    assert.match(await fails({ replicas: 5 }), /The CronTab "bad" is invalid: spec: Invalid value: so many need an image of their own/);
    assert.match(await fails({ colour: "blue" }), /strict decoding error: unknown field "spec\.colour"/);
    const { stderr } = await kubectl.run(["create", "--validate=warn", "-f", "-"], { input: cronTab("pruned", { colour: "blue" }) });
    assert.match(stderr, /Warning: unknown field "spec\.colour"/);
    assert.equal((await kubectl.json(["get", "ctab", "pruned"])).spec.colour, undefined);
  });

  test("warn of a deprecated version", async () => {
    const { stderr } = await kubectl.run(["get", `crontabs.v1beta1.${GROUP}`]);
    assert.match(stderr, /^Warning: custom\.tidepool\.test\/v1beta1 CronTab is deprecated; use custom\.tidepool\.test\/v1 CronTab$/m);
  });

  test("are patched, edited and labelled", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: cronTab("patched") });
    assert.match(await kubectl.ok(["patch", "ctab", "patched", "--type=merge", "-p", '{"spec":{"replicas":4}}']), / patched$/);
    assert.match(await kubectl.fails(["patch", "ctab", "patched", "-p", '{"spec":{"replicas":4}}']), /the body of the request was in an unknown format/);
    assert.match(await kubectl.ok(["label", "ctab", "patched", "tier=back"]), / labeled$/);
    assert.match(await kubectl.ok(["edit", "ctab", "patched"], { env: { KUBE_EDITOR: "sed -i s/busybox/edited/" } }), / edited$/);
    const { spec, metadata } = await kubectl.json(["get", "ctab", "patched"]);
    assert.deepEqual(spec, { schedule: "* * * * */5", image: "edited", replicas: 4 });
    assert.equal(metadata.labels.tier, "back");
    assert.equal(metadata.generation, 3);
  });

  test("are applied by several, with keyed lists merged", async () => {
    const apply = (manager: string, port: string, ...flags: string[]): Promise<string> =>
      kubectl.ok(["apply", "--server-side", `--field-manager=${manager}`, ...flags, "-f", "-"], { input: cronTab("shared", { ports: [{ name: port, port: 1 }] }) });
    assert.match(await apply("one", "a"), / serverside-applied$/);
    await apply("two", "b");
    assert.deepEqual((await kubectl.json(["get", "ctab", "shared"])).spec.ports, [
      { name: "a", port: 1 },
      { name: "b", port: 1 },
    ]);
    const conflict = await kubectl.fails(["apply", "--server-side", "--field-manager=three", "-f", "-"], { input: cronTab("shared", { schedule: "0 0 0 0 0" }) });
    assert.match(conflict, /Apply failed with 2 conflicts: conflicts with "one"(.|\n)*\.spec\.schedule/);
    await apply("one", "c");
    assert.deepEqual(
      (await kubectl.json(["get", "ctab", "shared"])).spec.ports.map(({ name }: { name: string }) => name).sort(),
      ["b", "c"],
    );
  });

  test("scale, and have a status of their own", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: cronTab("scaled") });
    assert.match(await kubectl.ok(["scale", "ctab", "scaled", "--replicas=3"]), / scaled$/);
    assert.match(await kubectl.ok(["patch", "ctab", "scaled", "--subresource=status", "--type=merge", "-p", '{"status":{"replicas":2,"selector":"app=x"},"spec":{"replicas":9}}']), / patched$/);
    const { spec, status, metadata } = await kubectl.json(["get", "ctab", "scaled"]);
    assert.deepEqual([spec.replicas, status.replicas, metadata.generation], [3, 2, 2]);
    const scale = await kubectl.json(["get", "ctab", "scaled", "--subresource=scale"]);
    assert.deepEqual([scale.kind, scale.spec, scale.status], ["Scale", { replicas: 3 }, { replicas: 2, selector: "app=x" }]);
    assert.match(await kubectl.fails(["scale", "ctab", "scaled", "--replicas=11"]), /spec\.replicas: Invalid value: 11/);
  });

  test("are watched while their definition changes", async () => {
    const watch = kubectl.start(["get", "ctab", "--watch-only"]);
    // The watch has begun when it tells of a change.
    await kubectl.ok(["apply", "-f", "-"], { input: cronTab("watched") });
    await until("the watch to begin", async () => {
      await kubectl.ok(["annotate", "ctab", "watched", "--overwrite", `at=${performance.now()}`]);
      return watch.output().includes("watched");
    });
    const columns = [{ op: "add", path: "/spec/versions/0/additionalPrinterColumns/-", value: { name: "Shiny", type: "string", jsonPath: ".metadata.labels.shiny" } }];
    await kubectl.ok(["patch", "crd", CRONTABS, "--type=json", "-p", JSON.stringify(columns)]);
    await kubectl.ok(["label", "ctab", "watched", "shiny=true"]);
    await until("the watch to tell of the new column", () => watch.output().includes("SHINY"));
    assert.match(await kubectl.ok(["get", "ctab", "watched"]), /^NAME +SCHEDULE +REPLICAS +AGE +SHINY\nwatched .* true$/);
  });

  test("go with their definition, and take along what they own", async () => {
    const { metadata } = await kubectl.json(["get", "ctab", "first"]);
    const owned = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owned", ownerReferences: [{ apiVersion: `${GROUP}/v1`, kind: "CronTab", name: "first", uid: metadata.uid }] } };
    await kubectl.ok(["apply", "-f", "-"], { input: owned });
    assert.match(await kubectl.ok(["delete", "crd", CRONTABS]), new RegExp(`^customresourcedefinition.apiextensions.k8s.io "${CRONTABS}" deleted`));
    assert.doesNotMatch(await kubectl.ok(["api-resources", "--categories=tidepool"]), /crontabs/);
    await until("what it owned to go", async () => (await kubectl.run(["get", "configmap", "owned"])).stderr.includes("not found"));
    await kubectl.ok(["apply", "-f", "-"], { input: crd });
    await kubectl.ok(["wait", "--for=condition=Established", `crd/${CRONTABS}`, "--timeout=20s"]);
    assert.equal(await kubectl.ok(["get", "crontabs", "-o", "name"]), "", "none is left of before");
  });

  test("a definition that can't be is refused with all that is wrong", async () => {
    const bad = structuredClone(crd) as { metadata: { name: string }; spec: { names: { kind: string }; versions: { schema: object; storage: boolean }[] } };
    bad.metadata.name = "wrong";
    bad.spec.versions[1]!.storage = true;
    bad.spec.versions[0]!.schema = { openAPIV3Schema: { type: "object", properties: { spec: { properties: {} } } } };
    const said = await kubectl.fails(["create", "-f", "-"], { input: bad });
    assert.match(said, /metadata\.name: Invalid value: "wrong": must be spec\.names\.plural\+"\."\+spec\.group/);
    assert.match(said, /spec\.versions: Invalid value: .* must have exactly one version marked as storage version/);
    assert.match(said, /spec\.versions\[0\]\.schema\.openAPIV3Schema\.properties\[spec\]\.type: Required value: must not be empty for specified object fields/);
  });
});
