import assert from "node:assert/strict";
import { test } from "node:test";
import { kubeconfig, leadsWhere } from "./kubeconfig.ts";

test("a kubeconfig leads where another does while its server and certificates are the same", () => {
  const options = { server: "https://127.0.0.1:6443", ca: "CA", client: { cert: "CERT", key: "KEY" } };
  const text = kubeconfig(options);
  assert.ok(leadsWhere(text.replace("    user: tidepool-admin", "    namespace: shop\n    user: tidepool-admin"), text), "its user chose a namespace");
  assert.ok(!leadsWhere(text, kubeconfig({ ...options, server: "https://127.0.0.1:64430" })), "another port, of which this one is the beginning");
  assert.ok(!leadsWhere(text, kubeconfig({ ...options, client: { cert: "NEW", key: "KEY" } })), "a renewed certificate");
  assert.ok(!leadsWhere("", text));
});
