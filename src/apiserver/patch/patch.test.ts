import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applyPatch } from "./patch.ts";

describe("patches by content type", () => {
  it("name what is accepted when it is another", () => {
    assert.throws(() => applyPatch("application/xml", {}, {}, () => ({ strategy: "merge" })), {
      name: "StatusError",
      message:
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
    });
  });

  it("take a merge patch that is a map only", () => {
    assert.throws(() => applyPatch("application/merge-patch+json", {}, [], undefined), { code: 400, message: "Invalid JSON Patch" });
  });
});
