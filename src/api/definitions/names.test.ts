import assert from "node:assert/strict";
import { test } from "node:test";
import { cidr, configMapKey, dns1035Label, dns1123Label, dns1123Subdomain, envVarName, httpHeaderName, ipAddress, labelValue, percent, portName, qualifiedName } from "./names.ts";

const checks = { cidr, configMapKey, dns1035Label, dns1123Label, dns1123Subdomain, envVarName, httpHeaderName, ipAddress, labelValue, percent, portName, qualifiedName };

const LABEL = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1035 = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const cases: [check: keyof typeof checks, value: string, problems: string[]][] = [
  ["dns1123Label", "web-1", []],
  ["dns1123Label", "1web", []],
  ["dns1123Label", "Web", [LABEL]],
  ["dns1123Label", "", [LABEL]],
  ["dns1123Label", "a.b", ["must not contain dots"]],
  ["dns1123Label", "a".repeat(64), ["must be no more than 63 characters"]],
  ["dns1123Subdomain", "a.b-c.d", []],
  ["dns1123Subdomain", "a..b", [SUBDOMAIN]],
  ["dns1123Subdomain", "a\n", [SUBDOMAIN]],
  ["dns1123Subdomain", "a".repeat(254), ["must be no more than 253 characters"]],
  ["dns1035Label", "web", []],
  ["dns1035Label", "1web", [LABEL_1035]],
  ["qualifiedName", "app", []],
  ["qualifiedName", "example.com/App_1", []],
  ["qualifiedName", "/app", ["prefix part must be non-empty"]],
  ["qualifiedName", "Bad_/app", [`prefix part ${SUBDOMAIN}`]],
  ["qualifiedName", "app ", [NAME_PART]],
  ["qualifiedName", "", ["name part must be non-empty", NAME_PART]],
  [
    "qualifiedName",
    "a/b/c",
    ["a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"],
  ],
  ["labelValue", "", []],
  ["labelValue", "v1.2_3", []],
  ["labelValue", "-v", [LABEL_VALUE]],
  ["configMapKey", "tls.crt", []],
  ["configMapKey", "a/b", [CONFIG_KEY]],
  ["configMapKey", "..", ["must not be '..'"]],
  ["configMapKey", "..data", ["must not start with '..'"]],
  ["envVarName", "my.VAR-1", []],
  ["envVarName", "1-2", []],
  ["envVarName", "A=B", ["a valid environment variable name must consist only of printable ASCII characters other than '='"]],
  ["portName", "http", []],
  ["portName", "8080", ["must contain at least one letter (a-z)"]],
  ["portName", "HTTP", ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)", "must contain at least one letter (a-z)"]],
  ["portName", "a-very-long-port-name", ["must be no more than 15 characters"]],
  ["portName", "a--b", ["must not contain consecutive hyphens"]],
  ["portName", "-a", ["must not begin or end with a hyphen"]],
  ["percent", "25%", []],
  ["percent", "25", ["a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]],
  ["ipAddress", "10.0.0.1", []],
  ["ipAddress", "10.0.0.256", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]],
  ["cidr", "10.0.0.0/8", []],
  ["cidr", "10.0.0.0/33", ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]],
  ["httpHeaderName", "X Header", ["a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"]],
];

for (const [check, value, problems] of cases) {
  test(`${check} ${JSON.stringify(value.length > 40 ? `${value.length} characters` : value)}`, () => {
    assert.deepEqual(checks[check](value), problems);
  });
}
