/**
 * node:dns on the virtual network. `lookup` answers as getaddrinfo in a pod would: /etc/hosts, then
 * the search path. `resolve*`, as c-ares does, asks for exactly the name given. Names outside the
 * cluster's domain go to the real DNS.
 */
import dns from "node:dns";
import { isIP } from "node:net";
import { addressOfReverseName, clusterRecords, isInDomain, resolveHost, reverseNames, type Records } from "../dns.ts";
import type { TableIndex } from "../table.ts";
import { nodeLookups } from "./connect.ts";
import { lookupError, queryError } from "../errors.ts";
import { replace } from "./patch.ts";
import type { Pod } from "./pod.ts";

type Callback = (error: Error | null, ...results: unknown[]) => void;

interface LookupOptions {
  family?: number | "IPv4" | "IPv6";
  hints?: number;
  all?: boolean;
}

interface Address {
  address: string;
  family: number;
}

export function patchDns(pod: Pod): void {
  nodeLookups.add(dns.lookup);
  replace(dns, "lookup", (lookup) => {
    return function (this: unknown, hostname: unknown, ...rest: unknown[]): unknown {
      const callback = rest.at(-1) as Callback;
      if (typeof hostname !== "string" || hostname === "" || isIP(hostname) || typeof callback !== "function") return lookup.call(this, hostname, ...rest);
      const options = lookupOptions(rest[0]);
      answer(pod, hostname, options).then(
        (found) => {
          if (typeof found === "string") lookup.call(this, found, ...rest);
          else if (options.all) process.nextTick(callback, null, found);
          else process.nextTick(callback, null, found[0]!.address, found[0]!.family);
        },
        // Not from within the promise: what the callback throws is the program's, not a rejection.
        (error: Error) => process.nextTick(callback, error),
      );
      return {};
    };
  });
  nodeLookups.add(dns.lookup);
  replace(dns.promises, "lookup", (lookup) => {
    return async function (this: unknown, hostname: unknown, given: unknown): Promise<unknown> {
      if (typeof hostname !== "string" || hostname === "" || isIP(hostname)) return lookup.call(this, hostname, given);
      const options = lookupOptions(given);
      const found = await answer(pod, hostname, options);
      if (typeof found === "string") return lookup.call(this, found, given);
      return options.all ? found : found[0];
    };
  });
  patchLookupService(pod);
  for (const target of [dns, dns.Resolver.prototype]) {
    for (const query of QUERIES) patchCallbackQuery(pod, target, query);
    replace(target, "getServers", () => () => [pod.config.nameserver]);
  }
  for (const target of [dns.promises, dns.promises.Resolver.prototype]) {
    for (const query of QUERIES) patchPromiseQuery(pod, target, query);
    replace(target, "getServers", () => () => [pod.config.nameserver]);
  }
}

function lookupOptions(given: unknown): LookupOptions {
  if (typeof given === "number") return { family: given };
  return typeof given === "object" && given !== null ? given : {};
}

/** The addresses of a name, or the name that the real DNS is to be asked for. */
async function answer(pod: Pod, hostname: string, options: LookupOptions): Promise<Address[] | string> {
  const table = await pod.tables.first();
  if (!table) throw lookupError("EAI_AGAIN", hostname);
  const resolution = resolveHost(table, pod.config.resolver, hostname);
  if (resolution.kind === "outside") return resolution.name;
  if (resolution.kind === "missing") throw lookupError("ENOTFOUND", hostname);
  if (options.family === 6 || options.family === "IPv6") {
    if (!((options.hints ?? 0) & dns.V4MAPPED)) throw lookupError("ENOTFOUND", hostname);
    return resolution.ips.map((ip) => ({ address: `::ffff:${ip}`, family: 6 }));
  }
  return resolution.ips.map((address) => ({ address, family: 4 }));
}

/** How each kind of query is answered from the cluster's records, and what Node calls it in errors. */
const QUERIES: { method: string; syscall: string; answer: (records: Records) => unknown[] }[] = [
  { method: "resolve4", syscall: "queryA", answer: ({ a }) => a },
  { method: "resolve6", syscall: "queryAaaa", answer: () => [] },
  { method: "resolveSrv", syscall: "querySrv", answer: ({ srv }) => srv },
  { method: "resolveCname", syscall: "queryCname", answer: ({ cname }) => (cname ? [cname] : []) },
  { method: "resolveTxt", syscall: "queryTxt", answer: () => [] },
  { method: "resolveMx", syscall: "queryMx", answer: () => [] },
  { method: "resolveNs", syscall: "queryNs", answer: () => [] },
  { method: "resolveNaptr", syscall: "queryNaptr", answer: () => [] },
  { method: "resolveSoa", syscall: "querySoa", answer: () => [] },
  { method: "resolveCaa", syscall: "queryCaa", answer: () => [] },
  { method: "resolveTlsa", syscall: "queryTlsa", answer: () => [] },
  {
    method: "resolveAny",
    syscall: "queryAny",
    answer: ({ a, srv, cname }) => [
      ...a.map((address) => ({ type: "A", address, ttl: TTL_SECONDS })),
      ...srv.map((record) => ({ type: "SRV", ...record })),
      ...(cname ? [{ type: "CNAME", value: cname }] : []),
    ],
  },
  { method: "resolvePtr", syscall: "queryPtr", answer: () => [] },
  { method: "reverse", syscall: "getHostByAddr", answer: () => [] },
  { method: "resolve", syscall: "queryA", answer: ({ a }) => a },
];

/** CoreDNS' default in kubeadm clusters. */
const TTL_SECONDS = 30;

type Query = (typeof QUERIES)[number];

/** The cluster's answer to a query; undefined when the real DNS is to be asked. Throws as c-ares would answer. */
async function ask(pod: Pod, query: Query, name: string, ttl: boolean): Promise<unknown[] | undefined> {
  const full = name.toLowerCase().replace(/\.$/, "");
  const reverse = query.method === "reverse" ? full : query.method === "resolvePtr" ? addressOfReverseName(full) : undefined;
  const { domain } = pod.config.resolver;
  if (reverse === undefined ? !isInDomain(full, domain) : !pod.isVirtual(reverse)) return undefined;
  const table = await pod.tables.first();
  if (!table) throw queryError("ETIMEOUT", query.syscall, name);
  const found = reverse === undefined ? forward(table, domain, query, full) : reverseNames(table, domain, reverse);
  if (!found || (reverse !== undefined && found.length === 0)) throw queryError("ENOTFOUND", query.syscall, name);
  if (found.length === 0) throw queryError("ENODATA", query.syscall, name);
  return ttl && query.method === "resolve4" ? found.map((address) => ({ address, ttl: TTL_SECONDS })) : found;
}

function forward(table: TableIndex, domain: string, query: Query, name: string): unknown[] | undefined {
  const records = clusterRecords(table, domain, name);
  // An address query follows an alias within the cluster; one that leads out of it stays an alias.
  const aliased = records?.cname && query.method === "resolve4" ? clusterRecords(table, domain, records.cname) : undefined;
  return records && query.answer(aliased ?? records);
}

/** `resolve(name, "SRV")` is resolveSrv(name). */
function queryFor(query: Query, rest: unknown[]): { query: Query; type: string | undefined } {
  if (query.method !== "resolve" || typeof rest[0] !== "string") return { query: query.method === "resolve" ? QUERIES[0]! : query, type: undefined };
  const type = rest[0].toUpperCase();
  const method = type === "A" ? "resolve4" : type === "AAAA" ? "resolve6" : `resolve${type[0]}${type.slice(1).toLowerCase()}`;
  return { query: QUERIES.find((candidate) => candidate.method === method) ?? QUERIES[0]!, type };
}

function patchCallbackQuery(pod: Pod, target: object, declared: Query): void {
  replace(target, declared.method, (original) => {
    return function (this: unknown, name: unknown, ...rest: unknown[]): unknown {
      const callback = rest.at(-1) as Callback;
      if (typeof name !== "string" || typeof callback !== "function") return original.call(this, name, ...rest);
      const { query } = queryFor(declared, rest);
      ask(pod, query, name, wantsTtl(rest[0])).then(
        (found) => (found ? process.nextTick(callback, null, found) : original.call(this, name, ...rest)),
        (error: Error) => process.nextTick(callback, error),
      );
      return {};
    };
  });
}

function patchPromiseQuery(pod: Pod, target: object, declared: Query): void {
  replace(target, declared.method, (original) => {
    return async function (this: unknown, name: unknown, ...rest: unknown[]): Promise<unknown> {
      if (typeof name !== "string") return original.call(this, name, ...rest);
      const { query } = queryFor(declared, rest);
      return (await ask(pod, query, name, wantsTtl(rest[0]))) ?? original.call(this, name, ...rest);
    };
  });
}

function wantsTtl(options: unknown): boolean {
  return typeof options === "object" && options !== null && (options as { ttl?: boolean }).ttl === true;
}

/** getnameinfo: the names of an address and of a port. */
function patchLookupService(pod: Pod): void {
  const hostnameOf = async (address: string): Promise<string> => {
    const table = await pod.tables.first();
    return (table && reverseNames(table, pod.config.resolver.domain, address)[0]) ?? address;
  };
  replace(dns, "lookupService", (original) => {
    return function (this: unknown, address: unknown, port: unknown, callback: unknown): unknown {
      if (typeof address !== "string" || typeof callback !== "function" || !isIP(address) || !pod.isVirtual(address)) return original.call(this, address, port, callback);
      // The system still knows what a port is called.
      return original.call(this, "127.0.0.1", port, (error: Error | null, _hostname: string, service: string) => {
        if (error) (callback as Callback)(error);
        else void hostnameOf(address).then((hostname) => (callback as Callback)(null, hostname, service));
      });
    };
  });
  replace(dns.promises, "lookupService", (original) => {
    return async function (this: unknown, address: unknown, port: unknown): Promise<unknown> {
      if (typeof address !== "string" || !isIP(address) || !pod.isVirtual(address)) return original.call(this, address, port);
      const { service } = (await original.call(this, "127.0.0.1", port)) as { service: string };
      return { hostname: await hostnameOf(address), service };
    };
  });
}
