/** Rules of the bootstrap policy in one line each. */
import type { PolicyRule } from "#api/types.ts";

export const READ = "get list watch";
export const WRITE = "create update patch delete deletecollection";
export const READ_WRITE = `${READ} ${WRITE}`;
export const READ_UPDATE = `${READ} update patch`;

export const APPS = "apps";
export const AUTHENTICATION = "authentication.k8s.io";
export const AUTHORIZATION = "authorization.k8s.io";
export const CERTIFICATES = "certificates.k8s.io";
export const COORDINATION = "coordination.k8s.io";
export const CORE = "";
export const DISCOVERY = "discovery.k8s.io";
export const EVENTS = "events.k8s.io";
export const EXTENSIONS = "extensions";
export const NETWORKING = "networking.k8s.io";
export const RBAC = "rbac.authorization.k8s.io";
export const RESOURCE = "resource.k8s.io";
export const STORAGE = "storage.k8s.io";

const words = (text: string): string[] => text.split(" ");

/** Verbs, resources and names are words with blanks between them. */
export function rule(verbs: string, group: string | readonly string[], resources: string, names?: string): PolicyRule {
  return { verbs: words(verbs), apiGroups: [group].flat(), resources: words(resources), ...(names ? { resourceNames: words(names) } : {}) };
}

/** What may be read besides resources. */
export function urls(...nonResourceURLs: string[]): PolicyRule {
  return { verbs: ["get"], nonResourceURLs };
}

export const eventsRule = rule("create update patch", [CORE, EVENTS], "events");
