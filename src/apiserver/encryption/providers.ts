/**
 * How values are encrypted: what upstream calls providers, with its formats, in base64 where it writes bytes.
 * @see https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#providers
 * @see https://github.com/kubernetes/apiserver/tree/master/pkg/storage/value/encrypt
 */
import { createCipheriv, createDecipheriv, randomBytes, type CipherGCM, type DecipherGCM } from "node:crypto";

export interface Provider {
  /** What its values begin with; everything has the empty one. */
  prefix: string;
  /** `key`: of the object, so that a value is worth nothing under another one. */
  seal: (key: string, text: string) => string;
  /** Without its prefix. Throws an Error on what isn't of this provider and key. */
  open: (key: string, sealed: string) => string;
}

/** What all encrypted values begin with. */
const SEALED = "k8s:enc:";

export const identity: Provider = {
  prefix: "",
  seal: (_key, text) => text,
  open(_key, sealed) {
    if (sealed.startsWith(SEALED)) throw new Error("identity transformer tried to read encrypted data");
    return sealed;
  },
};

const GCM_NONCE = 12;
const GCM_TAG = 16;

/** AES-GCM with random nonces: of 2³² values with one key, two would likely share one; rotate long before. */
export function aesgcm(name: string, secret: Buffer): Provider {
  const cipher = `aes-${secret.length * 8}-gcm`;
  return {
    prefix: `${SEALED}aesgcm:v1:${name}:`,
    seal(key, text) {
      const nonce = randomBytes(GCM_NONCE);
      const gcm = createCipheriv(cipher, secret, nonce) as CipherGCM;
      gcm.setAAD(Buffer.from(key));
      return Buffer.concat([nonce, gcm.update(text, "utf8"), gcm.final(), gcm.getAuthTag()]).toString("base64");
    },
    open(key, sealed) {
      const bytes = Buffer.from(sealed, "base64");
      if (bytes.length < GCM_NONCE + GCM_TAG) throw new Error("the stored data was shorter than the required size");
      const gcm = createDecipheriv(cipher, secret, bytes.subarray(0, GCM_NONCE), { authTagLength: GCM_TAG } as object) as DecipherGCM;
      gcm.setAAD(Buffer.from(key));
      gcm.setAuthTag(bytes.subarray(-GCM_TAG));
      return Buffer.concat([gcm.update(bytes.subarray(GCM_NONCE, -GCM_TAG)), gcm.final()]).toString("utf8");
    },
  };
}

const BLOCK = 16;

/** AES-CBC: hides values, but doesn't show that one was changed or moved. */
export function aescbc(name: string, secret: Buffer): Provider {
  const cipher = `aes-${secret.length * 8}-cbc`;
  return {
    prefix: `${SEALED}aescbc:v1:${name}:`,
    seal(_key, text) {
      const iv = randomBytes(BLOCK);
      const cbc = createCipheriv(cipher, secret, iv);
      return Buffer.concat([iv, cbc.update(text, "utf8"), cbc.final()]).toString("base64");
    },
    open(_key, sealed) {
      const bytes = Buffer.from(sealed, "base64");
      if (bytes.length < 2 * BLOCK) throw new Error("the stored data was shorter than the required size");
      const cbc = createDecipheriv(cipher, secret, bytes.subarray(0, BLOCK));
      return Buffer.concat([cbc.update(bytes.subarray(BLOCK)), cbc.final()]).toString("utf8");
    },
  };
}
