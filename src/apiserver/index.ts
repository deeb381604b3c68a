export { createApiServer, type ApiServer, type ApiServerOptions, type Upgrade } from "./apiserver.ts";
export { bootstrap, keepBootstrapped, type BootstrapOptions } from "./bootstrap.ts";
export { serve, type Served, type ServeOptions } from "./server.ts";
export { ensurePki, type KeyPair, type Pki, type PkiOptions } from "./pki/pki.ts";
export { kubeconfig, type KubeconfigOptions } from "./pki/kubeconfig.ts";
export { systemUser, type User } from "./user.ts";
export type { AdmissionPlugin, Attributes } from "./admission/admission.ts";
export type { TokenAuthenticator } from "./authentication.ts";
export type { HealthCheck } from "./health.ts";
