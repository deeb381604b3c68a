/** A pod's containers. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (validateContainers) */
import type { FieldError } from "../errors.ts";
import type { Container, Lifecycle, Probe, Volume } from "../types.ts";
import { validateEnv, validateEnvFrom } from "./env-validation.ts";
import { duplicate, forbidden, invalid, invalidFor, notFound, notSupported, required, tooMany, validateNonnegative } from "./field-errors.ts";
import { dns1123Label, httpHeaderName, portName, portNumber, validatePortNumberOrName } from "./names.ts";
import { validateResources } from "./resources-validation.ts";
import { validateContainerSecurityContext } from "./security-validation.ts";
import { validateNoBacksteps, validateRelativePath } from "./volume-validation.ts";

/** What of the pod matters to its containers. */
export interface PodContext {
  volumes: Map<string, Volume>;
  gracePeriodSeconds: number | undefined;
  restartPolicy: string | undefined;
  /** Of the resource claims that containers may use. */
  claimNames: Set<string>;
  /** Whether users in the pod are those of the host. */
  hostUsers: boolean;
}

type Handlers = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & { sleep?: { seconds: number } };

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"];
const RECURSIVE = ["Disabled", "Enabled", "IfPossible"];
const RESTART_POLICIES = ["Always", "Never", "OnFailure"];
const RESTART_ACTIONS = ["Restart", "RestartAllContainers"];
const RESIZABLE = ["cpu", "memory"];
const RESIZE_POLICIES = ["NotRequired", "RestartContainer"];
const MAX_RESTART_RULES = 20;
const MAX_EXIT_CODES = 255;
const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"];

export function validateContainers(containers: Container[], context: PodContext, field: string): FieldError[] {
  if (containers.length === 0) return [required(field)];
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, container] of containers.entries()) {
    const path = `${field}[${i}]`;
    errors.push(...validateContainer(container, context, path));
    if (names.has(container.name)) errors.push(duplicate(`${path}.name`, container.name));
    names.add(container.name);
    errors.push(...validateRunning(container, context, path), ...validateRestarts(container, path));
  }
  return [...errors, ...validateHostPorts(containers, field)];
}

export function validateInitContainers(init: Container[], others: Container[], context: PodContext, field: string): FieldError[] {
  const names = new Set(others.map(({ name }) => name));
  const errors: FieldError[] = [];
  for (const [i, container] of init.entries()) {
    const path = `${field}[${i}]`;
    errors.push(...validateContainer(container, context, path));
    errors.push(...validateRestarts(container, path));
    if (names.has(container.name)) errors.push(duplicate(`${path}.name`, container.name));
    if (container.name) names.add(container.name);
    errors.push(...validateHostPorts([container], field));
    if (container.restartPolicy === "Always") {
      errors.push(...validateRunning(container, context, path));
    } else {
      for (const name of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
        if (container[name]) errors.push(forbidden(`${path}.${name}`, "may not be set for init containers without restartPolicy=Always"));
      }
    }
  }
  return errors;
}

/** Pods' images are taken as they stand; templates' were never checked. */
export function validateImageSpace({ image = "" }: Pick<Container, "image">, field: string): FieldError[] {
  return image === image.trim() ? [] : [invalid(`${field}.image`, image, "must not have leading or trailing whitespace")];
}

/** What every container has to satisfy. */
export function validateContainer(container: Container, context: PodContext, field: string): FieldError[] {
  const { name, image, terminationMessagePolicy, imagePullPolicy } = container;
  const errors = name ? invalidFor(`${field}.name`, name, dns1123Label(name)) : [required(`${field}.name`)];
  if (!image) errors.push(required(`${field}.image`));
  if (!terminationMessagePolicy) errors.push(required(`${field}.terminationMessagePolicy`));
  else if (!MESSAGE_POLICIES.includes(terminationMessagePolicy)) errors.push(notSupported(`${field}.terminationMessagePolicy`, terminationMessagePolicy, MESSAGE_POLICIES));
  errors.push(
    ...validatePorts(container.ports ?? [], `${field}.ports`),
    ...validateEnv(container.env ?? [], `${field}.env`),
    ...validateEnvFrom(container.envFrom ?? [], `${field}.envFrom`),
    ...validateMounts(container, context.volumes, `${field}.volumeMounts`),
    ...validateDevices(container, context.volumes, `${field}.volumeDevices`),
  );
  if (!imagePullPolicy) errors.push(required(`${field}.imagePullPolicy`));
  else if (!PULL_POLICIES.includes(imagePullPolicy)) errors.push(notSupported(`${field}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES));
  return [
    ...errors,
    ...validateResources(container.resources ?? {}, `${field}.resources`, context.claimNames),
    ...validateResizePolicy(container.resizePolicy ?? [], context, `${field}.resizePolicy`),
    ...validateContainerSecurityContext(container.securityContext, context.hostUsers, `${field}.securityContext`),
  ];
}

function validateResizePolicy(policies: NonNullable<Container["resizePolicy"]>, { restartPolicy: podPolicy }: PodContext, field: string): FieldError[] {
  const resources = new Set<string>();
  return policies.flatMap(({ resourceName, restartPolicy }, i) => {
    const errors = resources.has(resourceName) ? [duplicate(`${field}[${i}]`, resourceName)] : [];
    resources.add(resourceName);
    for (const [value, values] of [[resourceName, RESIZABLE], [restartPolicy, RESIZE_POLICIES]] as const) {
      if (value === "") errors.push(required(field));
      else if (!values.includes(value)) errors.push(notSupported(field, value, values));
    }
    if (podPolicy === "Never" && restartPolicy !== "NotRequired") errors.push(invalid(field, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
    return errors;
  });
}

/** Restarts of the container's own, in place of the pod's policy. */
function validateRestarts({ restartPolicy, restartPolicyRules = [] }: Container, field: string): FieldError[] {
  if (restartPolicy === undefined) return restartPolicyRules.length > 0 ? [required(`${field}.restartPolicy`, "must specify restartPolicy when restart rules are used")] : [];
  const rules = `${field}.restartPolicyRules`;
  const errors = RESTART_POLICIES.includes(restartPolicy) ? [] : [notSupported(`${field}.restartPolicy`, restartPolicy, RESTART_POLICIES)];
  if (restartPolicyRules.length > MAX_RESTART_RULES) errors.push(tooMany(rules, restartPolicyRules.length, MAX_RESTART_RULES));
  for (const [i, { action, exitCodes }] of restartPolicyRules.entries()) {
    const path = `${rules}[${i}]`;
    if (!RESTART_ACTIONS.includes(action)) errors.push(notSupported(`${path}.action`, action, RESTART_ACTIONS));
    if (!exitCodes) {
      errors.push(required(`${path}.exitCodes`, "must be specified"));
      continue;
    }
    const { operator, values = [] } = exitCodes;
    if (!["In", "NotIn"].includes(operator)) errors.push(notSupported(`${path}.exitCodes.operator`, operator, ["In", "NotIn"]));
    if (values.length > MAX_EXIT_CODES) errors.push(tooMany(`${path}.exitCodes.values`, values.length, MAX_EXIT_CODES));
  }
  return errors;
}

/** What only containers that keep running may have: probes and hooks. */
function validateRunning(container: Container, { gracePeriodSeconds }: PodContext, field: string): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  const errors = lifecycle ? validateLifecycle(lifecycle, gracePeriodSeconds, `${field}.lifecycle`) : [];
  if (livenessProbe) errors.push(...validateProbe(livenessProbe, `${field}.livenessProbe`), ...onceSuffices(livenessProbe, `${field}.livenessProbe`));
  if (readinessProbe) {
    errors.push(...validateProbe(readinessProbe, `${field}.readinessProbe`));
    const { terminationGracePeriodSeconds } = readinessProbe;
    if (terminationGracePeriodSeconds !== undefined) {
      errors.push(invalid(`${field}.readinessProbe.terminationGracePeriodSeconds`, terminationGracePeriodSeconds, "must not be set for readinessProbes"));
    }
  }
  if (startupProbe) errors.push(...validateProbe(startupProbe, `${field}.startupProbe`), ...onceSuffices(startupProbe, `${field}.startupProbe`));
  return errors;
}

function validatePorts(ports: NonNullable<Container["ports"]>, field: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, i) => {
    const path = `${field}[${i}]`;
    const errors: FieldError[] = [];
    if (name) {
      const problems = portName(name);
      errors.push(...invalidFor(`${path}.name`, name, problems));
      if (problems.length === 0 && names.has(name)) errors.push(duplicate(`${path}.name`, name));
      names.add(name);
    }
    errors.push(...(containerPort ? invalidFor(`${path}.containerPort`, containerPort, portNumber(containerPort)) : [required(`${path}.containerPort`)]));
    if (hostPort) errors.push(...invalidFor(`${path}.hostPort`, hostPort, portNumber(hostPort)));
    if (!protocol) errors.push(required(`${path}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
    return errors;
  });
}

function validateHostPorts(containers: Container[], field: string): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports = [] }, c) =>
    ports.flatMap(({ protocol, hostIP = "", hostPort }, p) => {
      if (!hostPort) return [];
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) return [duplicate(`${field}[${c}].ports[${p}].hostPort`, key)];
      taken.add(key);
      return [];
    }),
  );
}

function validateMounts({ volumeMounts = [], volumeDevices = [], securityContext }: Container, volumes: Map<string, Volume>, field: string): FieldError[] {
  const paths = new Set<string>();
  return volumeMounts.flatMap((mount, i) => {
    const { name, mountPath, subPath, subPathExpr, mountPropagation } = mount;
    const path = `${field}[${i}]`;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${path}.name`));
    if (!volumes.has(name)) errors.push(notFound(`${path}.name`, name));
    if (!mountPath) errors.push(required(`${path}.mountPath`));
    if (paths.has(mountPath)) errors.push(invalid(`${path}.mountPath`, mountPath, "must be unique"));
    paths.add(mountPath);
    if (volumeDevices.some((device) => device.name === name)) errors.push(invalid(`${path}.name`, name, "must not already exist in volumeDevices"));
    if (volumeDevices.some((device) => device.devicePath === mountPath)) {
      errors.push(invalid(`${path}.mountPath`, mountPath, "must not already exist as a path in volumeDevices"));
    }
    const isImage = volumes.get(name)?.image !== undefined;
    for (const part of ["subPath", "subPathExpr"] as const) if (isImage && mount[part]) errors.push(invalid(`${path}.${part}`, mount[part], "not allowed in image volume sources"));
    if (subPath) errors.push(...validateRelativePath(subPath, `${field}.subPath`));
    if (subPathExpr) {
      if (subPath) errors.push(invalid(`${path}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      errors.push(...validateRelativePath(subPathExpr, `${field}.subPathExpr`));
    }
    if (mountPropagation && !PROPAGATIONS.includes(mountPropagation)) errors.push(notSupported(`${field}.mountPropagation`, mountPropagation, PROPAGATIONS));
    if (mountPropagation === "Bidirectional" && !securityContext?.privileged) {
      errors.push(forbidden(`${field}.mountPropagation`, "Bidirectional mount propagation is available only to privileged containers"));
    }
    return [...errors, ...validateRecursiveReadOnly(mount, `${field}.recursiveReadOnly`)];
  });
}

function validateRecursiveReadOnly({ recursiveReadOnly, readOnly, mountPropagation }: NonNullable<Container["volumeMounts"]>[number], field: string): FieldError[] {
  if (recursiveReadOnly === undefined || recursiveReadOnly === "Disabled") return [];
  if (!RECURSIVE.includes(recursiveReadOnly)) return [notSupported(field, recursiveReadOnly, RECURSIVE)];
  const errors = readOnly ? [] : [forbidden(field, "may only be specified when readOnly is true")];
  return mountPropagation && mountPropagation !== "None" ? [...errors, forbidden(field, "may only be specified when mountPropagation is None or not specified")] : errors;
}

function validateDevices({ volumeDevices = [], volumeMounts = [] }: Container, volumes: Map<string, Volume>, field: string): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return volumeDevices.flatMap(({ name, devicePath }, i) => {
    const path = `${field}[${i}]`;
    const errors: FieldError[] = [];
    const volume = volumes.get(name);
    if (!name) errors.push(required(`${path}.name`));
    if (names.has(name)) errors.push(invalid(`${path}.name`, name, "must be unique"));
    names.add(name);
    if (!volume) errors.push(notFound(`${path}.name`, name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      errors.push(invalid(`${path}.name`, name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"));
    }
    if (!devicePath) errors.push(required(`${path}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalid(`${path}.devicePath`, devicePath, "must be unique"));
    paths.add(devicePath);
    if (validateNoBacksteps(devicePath, path).length > 0) errors.push(invalid(`${path}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    if (volumeMounts.some((mount) => mount.name === name)) errors.push(invalid(`${path}.name`, name, "must not already exist in volumeMounts"));
    if (volumeMounts.some((mount) => mount.mountPath === devicePath)) errors.push(invalid(`${path}.devicePath`, devicePath, "must not already exist as a path in volumeMounts"));
    return errors;
  });
}

function validateProbe(probe: Probe, field: string): FieldError[] {
  const errors = validateHandler(probe, undefined, field);
  for (const name of ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const) {
    errors.push(...validateNonnegative(`${field}.${name}`, probe[name]));
  }
  const { terminationGracePeriodSeconds: grace } = probe;
  if (grace !== undefined && grace <= 0) errors.push(invalid(`${field}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  return errors;
}

/** Probes that restart the container need no more than one success. */
function onceSuffices({ successThreshold }: Probe, field: string): FieldError[] {
  return successThreshold === 1 ? [] : [invalid(`${field}.successThreshold`, successThreshold, "must be 1")];
}

function validateLifecycle({ postStart, preStop }: Lifecycle, gracePeriodSeconds: number | undefined, field: string): FieldError[] {
  return [
    ...(postStart ? validateHandler(postStart, gracePeriodSeconds, `${field}.postStart`) : []),
    ...(preStop ? validateHandler(preStop, gracePeriodSeconds, `${field}.preStop`) : []),
  ];
}

function validateHandler({ exec, httpGet, tcpSocket, grpc, sleep }: Handlers, gracePeriodSeconds: number | undefined, field: string): FieldError[] {
  const found = Object.entries({ exec, httpGet, tcpSocket, grpc, sleep }).filter(([, handler]) => handler !== undefined);
  if (found.length === 0) return [required(field, "must specify a handler type")];
  const [[first]] = found as [[string, unknown]];
  const path = `${field}.${first}`;
  const errors: FieldError[] = [];
  if (first === "exec" && !exec!.command?.length) errors.push(required(`${path}.command`));
  if (first === "httpGet") errors.push(...validateHttpGet(httpGet!, path));
  if (first === "tcpSocket") errors.push(...validatePortNumberOrName(tcpSocket!.port, `${path}.port`));
  if (first === "grpc") errors.push(...validatePortNumberOrName(grpc!.port, `${path}.port`));
  if (first === "sleep" && gracePeriodSeconds !== undefined && (sleep!.seconds < 0 || sleep!.seconds > gracePeriodSeconds)) {
    errors.push(invalid(path, sleep!.seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriodSeconds})`));
  }
  return [...errors, ...found.slice(1).map(([other]) => forbidden(`${field}.${other}`, "may not specify more than 1 handler type"))];
}

function validateHttpGet({ path, port, scheme = "", httpHeaders = [] }: NonNullable<Probe["httpGet"]>, field: string): FieldError[] {
  return [
    ...(path ? [] : [required(`${field}.path`)]),
    ...validatePortNumberOrName(port, `${field}.port`),
    ...(["HTTP", "HTTPS"].includes(scheme) ? [] : [notSupported(`${field}.scheme`, scheme, ["HTTP", "HTTPS"])]),
    ...httpHeaders.flatMap(({ name }) => invalidFor(`${field}.httpHeaders`, name, httpHeaderName(name))),
  ];
}
