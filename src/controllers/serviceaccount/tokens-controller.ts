/**
 * Fills Secrets of type `kubernetes.io/service-account-token` with a token that doesn't expire, and
 * deletes those whose account is gone.
 * @see https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/serviceaccount/tokens_controller.go
 */
import { keyOf, secrets, serviceAccounts } from "#api/resources.ts";
import type { Secret, ServiceAccount } from "#api/types.ts";
import type { Client } from "#client/client.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import type { ControllerContext } from "../common/context.ts";
import { deleteExactly } from "../common/effects.ts";

export interface TokensOptions {
  /** The controller manager's own: who makes the service accounts' tokens can't need one. */
  client: Client;
  /** The certificates that clients inside the cluster trust, as PEM. */
  caBundle: string;
  issueToken: (account: ServiceAccount, secretName: string) => string;
}

const TYPE = "kubernetes.io/service-account-token";
const ACCOUNT_NAME = "kubernetes.io/service-account.name";
const ACCOUNT_UID = "kubernetes.io/service-account.uid";
const BY_ACCOUNT = "service account";

export function startServiceAccountTokensController(context: ControllerContext, { caBundle, issueToken, ...options }: TokensOptions): Controller {
  const name = "serviceaccount-token-controller";
  const client = options.client.as(name);
  const secretInformer = context.informers.for(secrets);
  const accountInformer = context.informers.for(serviceAccounts);
  secretInformer.index(BY_ACCOUNT, (secret) => (secret.type === TYPE ? [accountKeyOf(secret)] : []));

  async function reconcile(key: string): Promise<void> {
    const known = secretInformer.get(key);
    if (known?.type !== TYPE || known.metadata.deletionTimestamp) return;
    const { name: secretName, namespace } = known.metadata;
    const account = await accountOf(known);
    if (!account) return void (await deleteExactly(client, secrets, known));
    const secret = await client.find(secrets, secretName!, namespace);
    if (!secret || secret.metadata.uid !== known.metadata.uid) return;
    const data = missingData(secret, account);
    if (Object.keys(data).length === 0 && secret.metadata.annotations?.[ACCOUNT_UID] === account.metadata.uid) return;
    const annotations = { ...secret.metadata.annotations, [ACCOUNT_NAME]: account.metadata.name!, [ACCOUNT_UID]: account.metadata.uid! };
    await client.update(secrets, { ...secret, metadata: { ...secret.metadata, annotations }, data: { ...secret.data, ...data } });
  }

  /** The account that the Secret names, and no other one of that name. The local copy may not show it yet. */
  async function accountOf(secret: Secret): Promise<ServiceAccount | undefined> {
    const { annotations = {}, namespace } = secret.metadata;
    const account = accountInformer.get(accountKeyOf(secret)) ?? (await client.find(serviceAccounts, annotations[ACCOUNT_NAME] ?? "", namespace));
    const uid = annotations[ACCOUNT_UID];
    return account && (!uid || uid === account.metadata.uid) ? account : undefined;
  }

  function missingData({ metadata, data = {} }: Secret, account: ServiceAccount): Record<string, string> {
    const encode = (text: string): string => Buffer.from(text).toString("base64");
    return {
      ...(data["ca.crt"] === encode(caBundle) ? {} : { "ca.crt": encode(caBundle) }),
      ...(data["namespace"] ? {} : { namespace: encode(metadata.namespace!) }),
      ...(data["token"] ? {} : { token: encode(issueToken(account, metadata.name!)) }),
    };
  }

  return startController({
    name,
    clock: context.clock,
    log: context.log,
    sources: [source(secretInformer, (secret) => (secret.type === TYPE ? [keyOf(secret)] : [])), source(accountInformer, (account) => secretInformer.byIndex(BY_ACCOUNT, keyOf(account)).map(keyOf))],
    reconcile,
  });
}

function accountKeyOf({ metadata }: Secret): string {
  return `${metadata.namespace}/${metadata.annotations?.[ACCOUNT_NAME]}`;
}
