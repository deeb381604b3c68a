/**
 * An IPAddress for each cluster address of a Service. It tells who holds the address; what is held follows
 * from the Services themselves, and from the IPAddresses that others made.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/service/ipallocator/ipallocator.go
 */
import { errorMessage } from "#lib/log.ts";
import { StatusError } from "#api/errors.ts";
import type { IPAddress, Service } from "#api/types.ts";
import type { Change } from "#store/index.ts";
import { systemUser } from "../user.ts";
import type { WriteRequest } from "./context.ts";
import { deleteObject } from "./delete.ts";
import { objectOf, type Registry } from "./registry.ts";

const FAMILY = "ipaddress.kubernetes.io/ip-family";
const MANAGED_BY = "ipaddress.kubernetes.io/managed-by";
const ALLOCATOR = "ipallocator.k8s.io";

/** Whether the object is a Service's, made here. */
export function isManaged({ metadata }: IPAddress): boolean {
  return metadata.labels?.[MANAGED_BY] === ALLOCATOR;
}

/** Keeps the objects in step with the Services, what was there before included; returns a function that stops it. */
export function keepIPAddresses(services: Registry, addresses: Registry): () => void {
  const { store, log } = services.context;
  const request: WriteRequest = { user: systemUser("system:apiserver"), namespace: "", dryRun: false, warn: () => {}, fieldManager: "kube-apiserver" };
  /** The address that each Service has, by the Service's key. */
  const held = new Map<string, string>();
  /** Writes happen one after the other: an address may go from one Service to the next. */
  let last = Promise.resolve();
  let stopped = false;

  const write = (address: string, what: () => Promise<unknown>): void => {
    last = last.then(() => (stopped ? undefined : what())).then(
      () => {},
      (error: unknown) => {
        // Someone else was faster, which is what was wanted.
        if (stopped || (error instanceof StatusError && (error.code === 404 || error.code === 409))) return;
        log.warn(`the IPAddress ${address} was not written`, { error: errorMessage(error) });
      },
    );
  };
  const make = (key: string, address: string): void => {
    write(address, () => {
      const stillHeld = held.get(key) === address && !addresses.find("", address);
      return stillHeld ? addresses.create(request, ipAddressOf(key, address)) : Promise.resolve();
    });
  };
  const follow = ({ type, entry: { key, object } }: Pick<Change, "type" | "entry">): void => {
    const address = type === "put" ? addressOf(object as unknown as Service) : undefined;
    const before = held.get(key);
    if (address === before) return;
    if (address === undefined) held.delete(key);
    else held.set(key, address);
    if (before !== undefined) write(before, () => deleteObject(addresses, request, before, {}));
    if (address !== undefined) make(key, address);
  };
  const restore = ({ type, entry }: Change): void => {
    const { metadata } = objectOf(entry);
    if (type === "put") return;
    for (const [key, address] of held) if (address === metadata.name) make(key, address);
  };

  for (const entry of store.list(services.prefix()).entries) follow({ type: "put", entry });
  for (const entry of store.list(addresses.prefix()).entries) {
    const object = objectOf<IPAddress>(entry);
    const { name } = object.metadata;
    if (isManaged(object) && ![...held.values()].includes(name!)) write(name!, () => deleteObject(addresses, request, name!, {}));
  }
  const stops = [
    store.watch(services.prefix(), store.revision, (changes) => changes.forEach(follow)),
    store.watch(addresses.prefix(), store.revision, (changes) => changes.forEach(restore)),
  ];
  return () => {
    stopped = true;
    stops.forEach((stop) => stop());
  };
}

function addressOf({ spec }: Service): string | undefined {
  return !spec.clusterIP || spec.clusterIP === "None" ? undefined : spec.clusterIP;
}

/** `key` is the Service's: `services/shop/web`. */
function ipAddressOf(key: string, address: string): IPAddress {
  const [, namespace = "", name = ""] = key.split("/");
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "IPAddress",
    metadata: { name: address, labels: { [FAMILY]: address.includes(":") ? "IPv6" : "IPv4", [MANAGED_BY]: ALLOCATOR } },
    spec: { parentRef: { resource: "services", namespace, name } },
  };
}
