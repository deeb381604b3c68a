import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { realpathSync } from "node:fs";
import { describe, test } from "node:test";
import { findKubectl, kubectlFor, kubectlSuite, OLDEST_MINOR } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { configMap, echoPod } from "../support/workloads.ts";

const { kubectl, cluster, skip } = await kubectlSuite("kubectl-versions");

/** Distributions that carry several versions name them kubectl.1.28 and so on, beside kubectl. */
function otherVersions(): string[] {
  const directory = skip ? "" : dirname(realpathSync(kubectl.path));
  return Array.from({ length: 12 }, (_, i) => join(directory, `kubectl.1.${OLDEST_MINOR + i}`)).filter((path) => "path" in findKubectl(path));
}

describe("other versions of kubectl", { skip }, () => {
  const versions = otherVersions();
  if (versions.length === 0) test("kubectl 1.28 to 1.39", { skip: "only one kubectl is installed" }, () => undefined);
  for (const path of versions) {
    const version = path.slice(path.lastIndexOf("1."));
    test(`${version}: apply, get, exec, logs -f, port-forward, delete`, async () => {
      const old = kubectlFor(cluster, path).in("kubectl-versions");
      const name = `v${version.replace(".", "-")}`;
      await old.ok(["apply", "-f", "-"], { input: [echoPod(name), configMap(name, { a: "1" })] });
      await old.ok(["wait", `pod/${name}`, "--for=condition=Ready", "--timeout=30s"]);
      assert.match(await old.ok(["get", "pods", "-o", "wide"]), new RegExp(`${name} +1/1 +Running`));
      assert.equal(await old.ok(["exec", name, "--", "node", "-p", "6 * 7"]), "42");
      const follow = old.start(["logs", "-f", name]);
      await until("a log line", () => follow.output().includes("listening"));
      const forward = old.start(["port-forward", `pod/${name}`, ":8080"]);
      const local = await until("the local port", () => /Forwarding from 127\.0\.0\.1:(\d+) ->/.exec(forward.output())?.[1]);
      assert.equal(((await (await fetch(`http://127.0.0.1:${local}/`)).json()) as { pod: string }).pod, name);
      assert.match(await old.ok(["describe", "pod", name]), /^Status: +Running$/m);
      assert.match(await old.ok(["explain", "pod.spec"]), /containers/);
      await old.ok(["delete", `pod/${name}`, `configmap/${name}`]);
    });
  }
});
