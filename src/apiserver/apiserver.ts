/**
 * The API server: a function from request to response. What comes over TLS and what in-process
 * components ask goes the same way: request info, authorization, then the verb on the resource.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/server/config.go (DefaultBuildHandlerChain)
 */
import { randomUUID, type KeyObject } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Clock } from "#lib/clock.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "#lib/http.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import { badRequest, methodNotAllowed, methodNotSupported, notFound, StatusError } from "#api/errors.ts";
import { definitions as builtIn } from "#api/definitions/index.ts";
import type { NodeConnector } from "#api/kubelet.ts";
import { nodes } from "#api/resources.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { ServiceAccount } from "#api/types.ts";
import type { Store } from "#store/index.ts";
import { admissionChain, type AdmissionPlugin } from "./admission/admission.ts";
import { builtInPlugins } from "./admission/plugins.ts";
import { admitConnect } from "./admission/subresources.ts";
import { startCustomResources } from "./apiextensions/controller.ts";
import { createAggregator } from "./aggregator/aggregator.ts";
import { followAvailability } from "./aggregator/availability.ts";
import { auditor, type AuditSink, type RequestAudit } from "./audit/audit.ts";
import type { AuditPolicy } from "./audit/policy.ts";
import { authenticate, tokenAuthenticators, type ClientCertificate, type TokenAuthenticator, type UNTRUSTED } from "./authentication/authenticate.ts";
import { bootstrapTokens } from "./authentication/bootstrap-tokens.ts";
import { impersonate } from "./authentication/impersonation.ts";
import { serviceAccountTokens } from "./authentication/service-account-tokens.ts";
import { attributesOf, mastersAuthorizer, unionAuthorizer, type Attributes } from "./authorization/authorizer.ts";
import { NODE_RULES } from "./authorization/bootstrap-policy/cluster-roles.ts";
import { rbacStrategies } from "./authorization/escalation.ts";
import { forbiddenError } from "./authorization/forbidden.ts";
import { nodeAuthorizer } from "./authorization/node-authorizer.ts";
import { nodeGraph } from "./authorization/node-graph.ts";
import { rbacAuthorizer } from "./authorization/rbac.ts";
import { rbacIndex } from "./authorization/rbac-index.ts";
import { createCatalog } from "./catalog.ts";
import { tellComponentStatus } from "./component-status.ts";
import { certificateStrategy } from "./certificate-approval.ts";
import { documentHandler } from "./documents.ts";
import { expireEvents } from "./event-ttl.ts";
import { findersOf } from "./finders.ts";
import { handleHealth, type HealthCheck } from "./health.ts";
import type { KeyPair } from "./pki/pki.ts";
import type { RegistryContext } from "./registry/context.ts";
import { keepIPAddresses } from "./registry/ip-addresses.ts";
import type { Registry } from "./registry/registry.ts";
import type { ServiceRanges } from "./registry/services.ts";
import { builtInStrategies } from "./registry/strategies.ts";
import type { Strategy } from "./registry/strategy.ts";
import { requestInfo, type RequestInfo, type ResourceRequest, type Verb } from "./request-info.ts";
import * as resources from "./resource-handlers.ts";
import type { Call } from "./resource-handlers.ts";
import { errorResponse, json, statusOf, text, withWarnings } from "./response.ts";
import { SNAPSHOT_PATH, snapshotResponse } from "./snapshot.ts";
import { serviceDialer } from "./streaming/service-dialer.ts";
import { handlePodUpgrade } from "./streaming/upgrade.ts";
import { subresourceRoutes, type Handler } from "./subresource-routes.ts";
import { systemUser, type User } from "./user.ts";

export interface ApiServerOptions {
  store: Store;
  clock: Clock;
  /** Names, UIDs and allocations; unguessable in production. */
  rng: Rng;
  log: Logger;
  /** Kinds that are served besides the built-in ones. */
  extraDefinitions?: readonly ResourceDefinition[] | undefined;
  /** What discovery tells clients to connect to: `127.0.0.1:6443`. */
  serverAddress?: string | undefined;
  /** Finds the kubelets for logs, exec, attach and portforward. */
  nodeConnector: NodeConnector;
  /** The EC P-256 key that signs service account tokens. */
  serviceAccountKey: KeyObject;
  serviceAccountIssuer?: string | undefined;
  serviceRanges?: ServiceRanges | undefined;
  /** Checks of `/readyz` beyond the store's. */
  healthChecks?: readonly HealthCheck[] | undefined;
  /** What is written to the audit log, and where; nothing without it. */
  audit?: { policy: AuditPolicy; sink: AuditSink } | undefined;
  /** How this server proves to the servers behind APIServices that it may speak for its users. */
  proxyClientCertificate?: KeyPair | undefined;
  /** Authenticators of bearer tokens besides service accounts' and bootstrap tokens. */
  tokenAuthenticators?: readonly TokenAuthenticator[] | undefined;
  /** Admission plugins after the built-in ones. */
  admissionPlugins?: readonly AdmissionPlugin[] | undefined;
}

/** A connection that asks to speak something else than HTTP. */
export interface Upgrade {
  request: HttpRequest;
  socket: Duplex;
  /** What the client sent after its request. */
  head: Buffer;
}

export interface ApiServer {
  /** Requests of one in-process component: `handlerFor(systemUser("system:kube-scheduler"))`. */
  handlerFor(user: User): HttpHandler;
  handle(request: HttpRequest, user: User): Promise<HttpResponse>;
  /** Whom a request that came over the wire acts as. Throws Unauthorized; Forbidden where it may not impersonate. */
  authenticate(request: HttpRequest, certificate: ClientCertificate | typeof UNTRUSTED | undefined): User;
  /** The token that a Secret of type `kubernetes.io/service-account-token` is to hold. */
  issueSecretToken(account: ServiceAccount, secretName: string): string;
  /** exec, attach and portforward. Resolves when the connection is done; refusals are written to the socket. */
  upgrade(upgrade: Upgrade, user: User): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_RANGES: ServiceRanges = { clusterCidr: "10.96.0.0/12", nodePorts: [30000, 32767] };
const MAX_AUDIT_ID = 64;
export const DEFAULT_ISSUER = "https://kubernetes.default.svc.cluster.local";

/** What resources are reached by. */
const METHODS = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]);

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, clock, rng, log } = options;
  const issuer = options.serviceAccountIssuer ?? DEFAULT_ISSUER;
  /** Ends the connections that are open when the server closes. */
  const closing = new AbortController();
  const find = findersOf(() => catalog);
  const dialService = serviceDialer(find, options.nodeConnector);
  const roles = rbacIndex(store);
  const graph = nodeGraph(store);
  const authorizer = unionAuthorizer([mastersAuthorizer, nodeAuthorizer(graph, NODE_RULES), rbacAuthorizer(roles)]);
  const context: RegistryContext = {
    store,
    clock,
    rng,
    log,
    admission: admissionChain([
      ...builtInPlugins({ find, rng, clock, log, authorizer, dialService, signal: closing.signal }),
      ...(options.admissionPlugins ?? []),
    ]),
  };
  const strategies = builtInStrategies(store, options.serviceRanges ?? DEFAULT_RANGES, rng, {
    ...rbacStrategies(roles, authorizer),
    "certificatesigningrequests.certificates.k8s.io": certificateStrategy(clock) as Strategy,
  });
  const catalog = createCatalog([...builtIn, ...(options.extraDefinitions ?? [])], context, strategies);
  const customResources = startCustomResources(catalog, context);
  const aggregator = createAggregator({ store, catalog, dialService, clientCertificate: options.proxyClientCertificate });
  const documents = documentHandler(catalog, aggregator, options.serverAddress ?? "127.0.0.1:6443");
  const tokens = serviceAccountTokens({ key: options.serviceAccountKey, issuer, clock, rng, find: { ...find, node: (name) => find.object(nodes, "", name) } });
  const tokenUser = tokenAuthenticators([tokens.authenticate, bootstrapTokens(find.secret, clock), ...(options.tokenAuthenticators ?? [])]);
  const audit = options.audit && auditor(options.audit.policy, options.audit.sink, clock);
  const healthChecks: HealthCheck[] = [{ name: "ping", healthy: () => true }, ...(options.healthChecks ?? [])];
  const stopExpiry = expireEvents(catalog.registry("", "v1", "events")!, clock);
  const stopAddresses = keepIPAddresses(catalog.registry("", "v1", "services")!, catalog.registry("networking.k8s.io", "v1", "ipaddresses")!);
  tellComponentStatus(catalog.registry("", "v1", "componentstatuses")!);
  const routes = subresourceRoutes({
    catalog,
    find,
    tokens,
    issuer,
    reviews: { authorizer, tokens: tokenUser, audiences: [issuer] },
    nodeConnector: options.nodeConnector,
  });

  async function handle(request: HttpRequest, user: User): Promise<HttpResponse> {
    const info = requestInfo(request.method, request.url);
    const attributes = attributesOf(info);
    const id = auditIdOf(request);
    const audited = audit?.begin(id, request, user, attributes);
    const answer = await answered(request, user, info, attributes, audited);
    answer.headers["audit-id"] = id;
    return audited ? audited.responded(answer) : answer;
  }

  async function answered(request: HttpRequest, user: User, info: RequestInfo, attributes: Attributes, audited: RequestAudit | undefined): Promise<HttpResponse> {
    const warnings: string[] = [];
    try {
      checkRights(user, attributes, audited);
      return withWarnings(await route({ request, user, info, audited, warn: (warning) => warnings.push(warning) }), warnings);
    } catch (error) {
      const { code } = statusOf(error);
      if (code >= 500 && !(error instanceof StatusError)) {
        log.error(`${request.method} ${request.url} failed`, { error: errorMessage(error), stack: error instanceof Error ? error.stack : undefined });
      }
      return withWarnings(errorResponse(error), warnings);
    }
  }

  /** Throws Forbidden. */
  function checkRights(user: User, attributes: Attributes, audited?: RequestAudit): void {
    const { decision, reason } = authorizer.authorize(user, attributes);
    const allowed = decision === "allow";
    audited?.annotate("authorization.k8s.io/decision", allowed ? "allow" : "forbid");
    audited?.annotate("authorization.k8s.io/reason", reason);
    if (!allowed) throw forbiddenError(user, attributes, reason);
  }

  async function route({ request, user, info, audited, warn }: Routed): Promise<HttpResponse> {
    const { path, query, resource } = info;
    const backend = aggregator.backendOf(path);
    if (backend) return aggregator.forward(backend, endedOnClose(request), user);
    if (!resource) return nonResource(request, path, query);
    return onResource({
      http: streams(resource) ? endedOnClose(request) : request,
      target: resource,
      query,
      user,
      registry: registryOf(resource),
      warn,
      annotate: audited?.annotate,
      authorize: (verb) => checkRights(user, attributesOf({ ...info, resource: { ...resource, verb: verb as Verb } })),
    });
  }

  function endedOnClose(request: HttpRequest): HttpRequest {
    const { signal } = request;
    return { ...request, signal: signal ? AbortSignal.any([signal, closing.signal]) : closing.signal };
  }

  function nonResource(request: HttpRequest, path: string, query: URLSearchParams): HttpResponse {
    const health = handleHealth(path, query, healthChecks);
    if (health) return health;
    if (/^\/apis?\//.test(path) && !METHODS.has(request.method)) throw methodNotAllowed();
    if (path === SNAPSHOT_PATH && request.method === "GET") return snapshotResponse(store);
    if (path === "/openid/v1/jwks") return { ...json(200, tokens.jwks()), headers: { "content-type": "application/jwk-set+json" } };
    if (path === "/.well-known/openid-configuration") {
      return json(200, {
        issuer,
        jwks_uri: `${issuer}/openid/v1/jwks`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
      });
    }
    return documents.handle(request, path) ?? text(404, "404 page not found\n");
  }

  /** Throws NotFound as upstream: in words for a known group and version. */
  function registryOf({ group, version, resource }: ResourceRequest): Registry {
    const registry = catalog.registry(group, version, resource);
    if (registry) return registry;
    if (catalog.hasGroupVersion(group, version)) throw new StatusError(404, "NotFound", "the server could not find the requested resource", {});
    throw new StatusError(404, "NotFound", `404 page not found: this cluster doesn't serve ${resource} of ${group ? `${group}/` : ""}${version}`, {});
  }

  function onResource(call: Call): Promise<HttpResponse> | HttpResponse {
    const { target, registry } = call;
    const { definition } = registry;
    const { verb, subresource, name, namespace } = target;
    if (definition.deprecation) call.warn(definition.deprecation);
    if (definition.namespaced && namespace === "" && !["list", "watch", "deletecollection"].includes(verb)) {
      throw verb === "create" ? methodNotSupported(registry.subject(), "create") : notFound(registry.subject(name));
    }
    // Rights in a namespace say nothing of what is in none.
    if (!definition.namespaced && namespace !== "" && !(definition.group === "" && definition.plural === "namespaces")) {
      throw new StatusError(404, "NotFound", "the server could not find the requested resource", {});
    }
    if (!definition.namespaced) target.namespace = "";
    if (subresource !== "") return onSubresource(call);
    // A create names its object in the body, a change in the path.
    const misplaced = verb === "create" ? name !== "" : name === "" && ["update", "patch"].includes(verb);
    if (misplaced || (definition.verbs && !definition.verbs.includes(verb))) throw methodNotSupported(registry.subject(), verb);
    switch (verb) {
      case "get":
        return resources.handleGet(call);
      case "list":
        return resources.handleList(call);
      case "watch":
        return resources.handleWatch(call);
      case "create":
        return (routes(definition, "", "create") ?? resources.handleCreate)(call);
      case "update":
        return resources.handleUpdate(call);
      case "patch":
        return resources.handlePatch(call);
      case "delete":
        return resources.handleDelete(call);
      case "deletecollection":
        return resources.handleDeleteCollection(call);
    }
  }

  function onSubresource(call: Call): Promise<HttpResponse> | HttpResponse {
    const { verb, subresource } = call.target;
    const route = routes(call.registry.definition, subresource, verb);
    if (!route) throw new StatusError(404, "NotFound", "the server could not find the requested resource", {});
    if (subresource === "proxy") return connect({ ...call, http: endedOnClose(call.http) }, route);
    return route(call);
  }

  async function connect(call: Call, route: Handler): Promise<HttpResponse> {
    const { user, target, query, warn } = call;
    await admitConnect(call.registry, { user, namespace: target.namespace, dryRun: false, warn }, target, query);
    return route(call);
  }

  async function upgrade({ request, socket, head }: Upgrade, user: User): Promise<void> {
    const info = requestInfo(request.method, request.url);
    const { resource } = info;
    // A connection by upgrade is a create of the subresource, whatever the method says.
    if (resource?.subresource) resource.verb = request.method === "GET" ? "get" : "create";
    const attributes = attributesOf(info);
    const audited = audit?.begin(auditIdOf(request), request, user, attributes);
    const decide = async (): Promise<{ registry: Registry; target: ResourceRequest }> => {
      checkRights(user, attributes, audited);
      const backend = aggregator.backendOf(info.path);
      if (backend) throw badRequest(`connections by upgrade are not passed on to servers behind APIServices: reach ${backend.spec.service!.namespace}/${backend.spec.service!.name} by kubectl port-forward instead`);
      // Reading is not enough for what runs commands, however the connection is asked for.
      if (resource?.subresource && resource.verb === "get") checkRights(user, attributesOf({ ...info, resource: { ...resource, verb: "create" } }));
      if (!resource) throw new StatusError(404, "NotFound", "404 page not found", {});
      const registry = registryOf(resource);
      await admitConnect(registry, { user, namespace: resource.namespace, dryRun: false, warn: () => {} }, resource, info.query);
      ended = audited?.upgraded();
      return { registry, target: resource };
    };
    const noted = async (): ReturnType<typeof decide> => {
      try {
        return await decide();
      } catch (error) {
        audited?.responded(errorResponse(error));
        throw error;
      }
    };
    let ended: (() => void) | undefined;
    await handlePodUpgrade({ request, socket, head, query: info.query, connector: options.nodeConnector, clock, log, signal: closing.signal }, noted);
    ended?.();
  }

  /** Failures are noted, too: who tries to get in is what an audit is about. */
  function identify(request: HttpRequest, certificate: ClientCertificate | typeof UNTRUSTED | undefined): User {
    let user: User | undefined;
    try {
      user = authenticate(request, certificate, tokenUser, [issuer]);
      return impersonate(user, request, authorizer);
    } catch (error) {
      audit?.begin(auditIdOf(request), request, user, attributesOf(requestInfo(request.method, request.url))).responded(errorResponse(error));
      throw error;
    }
  }

  const availability = followAvailability({ aggregator, find, handler: (request) => handle(request, systemUser("system:apiserver")), clock, log });

  return {
    handle,
    handlerFor: (user) => (request) => handle(request, user),
    authenticate: identify,
    issueSecretToken: (account, secretName) => tokens.issueForSecret(account, secretName),
    upgrade,
    async close() {
      stopExpiry();
      stopAddresses();
      availability.stop();
      aggregator.stop();
      roles.stop();
      graph.stop();
      closing.abort(new Error("the API server is closing"));
      await customResources.stop();
      await audit?.close();
    },
  };
}

/** A request that may be answered, with what came of it so far. */
interface Routed {
  request: HttpRequest;
  user: User;
  info: RequestInfo;
  audited: RequestAudit | undefined;
  warn: (text: string) => void;
}

/** By which a client finds its request in the audit log; a proxy before this server may have given it one. Not chance that decides anything. */
function auditIdOf({ headers }: HttpRequest): string {
  return headers["audit-id"]?.slice(0, MAX_AUDIT_ID) || randomUUID();
}

/** Whether a request's answer may last. */
function streams({ verb, subresource }: ResourceRequest): boolean {
  return verb === "watch" || subresource === "log";
}
