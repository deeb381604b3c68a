/**
 * Bundles services as the image builder does: one main.cjs each, with its assets beside it. Used where no images are
 * involved: by the Dockerfiles, and to run the shop as bare processes.
 *
 *     node apps/shop/bundle.ts DIRECTORY [SERVICE...]
 *
 * makes DIRECTORY/<service>/main.cjs for each.
 */
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

export const SERVICES = ["frontend", "api-gateway", "order-service", "inventory-service", "user-service"] as const;
export type Service = (typeof SERVICES)[number];

interface ImageJson {
  entry: string;
  assets?: Record<string, string>;
  browser?: Record<string, string>;
}

// The same for every program as in the embedded image builder.
const SHARED = { bundle: true, minifyWhitespace: true, minifySyntax: true, legalComments: "none", charset: "utf8", logLevel: "warning" } as const;

export async function bundleShop(directory: string, services: readonly Service[] = SERVICES): Promise<void> {
  await Promise.all(
    services.map(async (service) => {
      const folder = join(import.meta.dirname, service);
      const target = join(directory, service);
      const image = JSON.parse(readFileSync(join(folder, "image.json"), "utf8")) as ImageJson;
      mkdirSync(target, { recursive: true });
      for (const [from, to] of Object.entries(image.assets ?? {})) cpSync(join(folder, from), join(target, to), { recursive: true });
      await Promise.all([
        build({
          ...SHARED,
          entryPoints: [join(folder, image.entry)],
          outfile: join(target, "main.cjs"),
          platform: "node",
          format: "cjs",
          target: "node24",
          external: ["pg-native"],
          logOverride: { "empty-import-meta": "error" },
        }),
        ...Object.entries(image.browser ?? {}).map(([from, to]) =>
          build({ ...SHARED, entryPoints: [join(folder, from)], outfile: join(target, to), platform: "browser", format: "esm", target: "es2022", minifyIdentifiers: true }),
        ),
      ]);
    }),
  );
}

if (import.meta.main) {
  const [directory, ...services] = process.argv.slice(2);
  const unknown = services.filter((service) => !SERVICES.includes(service as Service));
  if (directory === undefined || unknown.length > 0) {
    process.stderr.write(`usage: node apps/shop/bundle.ts DIRECTORY [SERVICE...]; the services are ${SERVICES.join(", ")}\n`);
    process.exit(1);
  }
  await bundleShop(directory, services.length > 0 ? (services as Service[]) : SERVICES);
}
