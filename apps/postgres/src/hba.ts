/**
 * In Tidepool a pod's port is a Unix socket, so PostgreSQL sees connections from the pod network as
 * `local`. The rules it runs with are therefore derived from pg_hba.conf: what that says of `host`
 * holds for the socket, and its `local` and loopback rules, which trust whoever is inside the
 * container, do not. The file itself stays as the official image would have it.
 * @see https://www.postgresql.org/docs/18/auth-pg-hba-conf.html
 */
const EVERYWHERE = ["all", "0.0.0.0/0", "::/0", "samenet"];
const LOOPBACK = ["127.0.0.1/32", "::1/128", "localhost", "samehost"];
/** Methods that say nothing about a peer whose operating system user is the same for every pod. */
const MEANINGLESS = ["ident", "peer", "gss", "sspi", "cert"];

/** The rules for the socket, and a warning for each rule that can't hold there. */
export function socketRules(hba: string): { rules: string; warnings: string[] } {
  const rules = ["# Derived from pg_hba.conf at every start: changes belong there."];
  const warnings: string[] = [];
  for (const line of hba.split("\n")) {
    const fields = line.replace(/(^|\s)#.*$/, "").trim().match(/"[^"]*"[^\s]*|\S+/g) ?? [];
    const [type, database, user, address, ...rest] = fields;
    if (type === undefined || type === "local") continue;
    if (type !== "host" && type !== "hostnossl" && type !== "hostnogssenc") {
      warnings.push(`pg_hba.conf: "${line.trim()}" has no meaning on Tidepool's pod network and is left out`);
      continue;
    }
    if (LOOPBACK.includes(address!)) continue;
    // An address may be followed by its mask.
    const method = /^[\d.]+$/.test(address!) && /^[\d.]+$/.test(rest[0] ?? "") ? rest.slice(1) : rest;
    const general = EVERYWHERE.includes(address!) || (address === "0.0.0.0" && rest[0] === "0.0.0.0");
    if (MEANINGLESS.includes(method[0]!)) {
      warnings.push(`pg_hba.conf: method "${method[0]}" can't tell pods apart; "${line.trim()}" is left out`);
    } else if (general || method[0] === "reject") {
      // A rejection of some becomes one of all: too strict is safe, too open is not.
      if (!general) warnings.push(`pg_hba.conf: addresses can't be told apart on Tidepool's pod network; "${line.trim()}" rejects all`);
      rules.push(["local", database, user, ...method].join(" "));
    } else {
      warnings.push(`pg_hba.conf: addresses can't be told apart on Tidepool's pod network; "${line.trim()}" is left out`);
    }
  }
  return { rules: `${rules.join("\n")}\n`, warnings };
}
