/**
 * Child processes and workers stay in the pod: whatever environment a program gives them, the pod's
 * variables and the agent in NODE_OPTIONS are merged into it, beside what the program says.
 */
import childProcess from "node:child_process";
import workerThreads from "node:worker_threads";
import { PROXY_VARIABLES, POD_VARIABLES } from "./config.ts";
import { mapPath } from "./mounts.ts";
import { withAgent } from "../node-options.ts";
import { replace } from "./patch.ts";

type Environment = Record<string, string | undefined>;

interface SpawnOptions {
  env?: Environment;
  cwd?: string | URL;
}

export function patchChildren(agent: string): void {
  const inherited: Environment = {};
  for (const name of POD_VARIABLES) if (process.env[name] !== undefined) inherited[name] = process.env[name];
  // The proxy is for programs that can't load the agent. This one has; its shells and curls get the variables back.
  const proxy: Environment = {};
  if (process.env.TIDEPOOL_PROXY) {
    inherited.TIDEPOOL_PROXY = process.env.TIDEPOOL_PROXY;
    for (const name of PROXY_VARIABLES) {
      if (process.env[name] !== process.env.TIDEPOOL_PROXY) continue;
      proxy[name] = process.env[name];
      delete process.env[name];
    }
  }

  function merge(given: Environment): Environment {
    return { ...proxy, ...given, ...inherited, NODE_OPTIONS: withAgent(given.NODE_OPTIONS, agent) };
  }

  // Every asynchronous way to start a process, and the cluster module, ends here.
  replace(childProcess.ChildProcess.prototype, "spawn", (spawn) => {
    return function (this: unknown, options: { envPairs?: string[]; cwd?: string }): unknown {
      if (Array.isArray(options?.envPairs)) {
        const given = Object.fromEntries(options.envPairs.map((pair) => [pair.slice(0, pair.indexOf("=", 1)), pair.slice(pair.indexOf("=", 1) + 1)]));
        options.envPairs = Object.entries(merge(given)).map(([name, value]) => `${name}=${value}`);
      }
      if (typeof options?.cwd === "string") options.cwd = mapPath(options.cwd);
      return spawn.call(this, options);
    };
  });

  for (const name of ["spawnSync", "execFileSync", "execSync"]) {
    replace(childProcess, name, (original) => {
      return function (this: unknown, ...args: unknown[]): unknown {
        const at = args.findIndex((argument, i) => i > 0 && typeof argument === "object" && argument !== null && !Array.isArray(argument));
        const given = (at < 0 ? {} : args[at]) as SpawnOptions;
        const options = { ...given, env: merge(given.env ?? process.env), ...(given.cwd === undefined ? {} : { cwd: mapPath(given.cwd) }) };
        if (at >= 0) args[at] = options;
        else args.push(options);
        return original.apply(this, args);
      };
    });
  }

  const { Worker, SHARE_ENV } = workerThreads;
  class PodWorker extends Worker {
    constructor(file: string | URL, options: workerThreads.WorkerOptions = {}) {
      const { env } = options;
      // Without an environment of its own a worker copies ours, which the proxy's variables are gone from.
      super(file, typeof env === "object" && env !== null && (env as unknown) !== SHARE_ENV ? { ...options, env: merge(env) } : options);
    }
  }
  Object.defineProperty(PodWorker, "name", { value: "Worker" });
  workerThreads.Worker = PodWorker;
}
