import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { after, before, describe, test } from "node:test";
import { bundleFolders, type Bundle } from "#registry/build/bundle.ts";
import { readImageFolder, type ImageFolder } from "#registry/build/folder.ts";
import { bundleShop, SERVICES } from "../../apps/shop/bundle.ts";

// No engine builds the Dockerfiles in this test: it holds them to the embedded image piece by piece instead.
const root = join(import.meta.dirname, "../..");
let directory: string;
let folders: ImageFolder[];
let embedded: Bundle[];

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "tidepool-dockerfiles-"));
  folders = SERVICES.map((service) => readImageFolder(join(root, "apps/shop", service)));
  [embedded] = await Promise.all([bundleFolders(folders, root), bundleShop(directory)]);
});

after(() => rmSync(directory, { recursive: true }));

for (const [index, service] of SERVICES.entries()) {
  describe(`the Dockerfile of ${service}`, () => {
    const dockerfile = readFileSync(join(root, "apps/shop", service, "Dockerfile"), "utf8");

    test("bundles from all that the bundler reads", () => {
      // The bundler looks for tsconfig.json by itself and makes other code ("use strict") when it finds none.
      assert.match(dockerfile, /^COPY package\.json package-lock\.json \.npmrc tsconfig\.json \.\/$/m);
      assert.match(dockerfile, /^COPY apps\/shop apps\/shop$/m);
    });

    test("puts the same bytes where the embedded image has them", () => {
      assert.match(dockerfile, new RegExp(`^RUN node apps/shop/bundle\\.ts /out ${service}$`, "m"));
      assert.match(dockerfile, new RegExp(`^WORKDIR /app\\nCOPY --from=build /out/${service} \\./$`, "m"));
      const files = [...embedded[index]!.program, ...embedded[index]!.assets];
      assert.ok(files.length > 0);
      for (const { path, content } of files) {
        const copied = readFileSync(join(directory, service, posix.relative("/app", path)));
        assert.ok(copied.equals(content), `${path} differs: ${copied.length} bytes by the Dockerfile, ${content.length} in the embedded image`);
      }
    });

    test("starts the same program with the same environment, as an ordinary user", () => {
      const { ports } = folders[index]!;
      assert.match(dockerfile, /^ENTRYPOINT \["node", "main\.cjs"\]$/m);
      assert.match(dockerfile, new RegExp(`^ENV SERVICE_NAME=${service} SERVICE_VERSION=\\$SERVICE_VERSION$`, "m"));
      assert.match(dockerfile, /^USER 1000$/m);
      assert.match(dockerfile, new RegExp(`^EXPOSE ${ports.join(" ")}$`, "m"));
    });
  });
}
