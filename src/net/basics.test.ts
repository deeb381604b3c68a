/** The small parts: addresses, the preamble, IPAM, socket paths, NODE_OPTIONS. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { contains, formatIPv4, isLoopback, parseCidr, parseIPv4 } from "./ip.ts";
import { Ipam } from "./ipam.ts";
import { splitNodeOptions, withAgent } from "./node-options.ts";
import { decodePreamble, encodePreamble, PREAMBLE_BYTES } from "./preamble.ts";
import { chooseSocketDirectory, isBusy, loopbackName, MAX_SOCKET_PATH_BYTES, rawName, socketName } from "./sockets.ts";

describe("addresses", () => {
  test("text and number", () => {
    assert.equal(formatIPv4(parseIPv4("255.254.0.1")!), "255.254.0.1");
    for (const text of ["256.0.0.1", "1.2.3", "a.b.c.d", "1.2.3.4.5", ""]) assert.equal(parseIPv4(text), undefined);
  });
  test("ranges", () => {
    const range = parseCidr("10.96.0.0/12");
    assert.deepEqual(["10.95.255.255", "10.96.0.0", "10.111.255.255", "10.112.0.0", "web"].map((ip) => contains(range, ip)), [false, true, true, false, false]);
    for (const text of ["10.0.0.0", "10.0.0.0/33", "x/8"]) assert.throws(() => parseCidr(text), { message: `"${text}" is not an IPv4 range such as 10.244.0.0/16` });
  });
  test("loopback", () => {
    assert.deepEqual(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "10.0.0.1", "127.example.org"].map(isLoopback), [true, true, true, true, true, true, false, false]);
  });
});

describe("preamble", () => {
  const preamble = { source: { ip: "10.244.1.5", port: 40000 }, destination: { ip: "10.244.2.6", port: 8080 } };
  test("what is written is read, whatever follows", () => {
    const bytes = encodePreamble(preamble);
    assert.equal(bytes.length, PREAMBLE_BYTES);
    assert.deepEqual(decodePreamble(Buffer.concat([bytes, Buffer.from("GET /")])), preamble);
    const identity = Buffer.alloc(32, 7);
    assert.deepEqual(decodePreamble(encodePreamble({ ...preamble, identity })), { ...preamble, identity });
  });
  test("what is no preamble isn't taken for one", () => {
    const bytes = encodePreamble(preamble);
    assert.equal(decodePreamble(bytes.subarray(0, 63)), undefined);
    assert.equal(decodePreamble(Buffer.from("GET / HTTP/1.1\r\n".padEnd(80))), undefined);
    bytes[8] = 2;
    assert.equal(decodePreamble(bytes), undefined);
  });
  test("what can't be written is refused", () => {
    assert.throws(() => encodePreamble({ ...preamble, source: { ip: "::1", port: 1 } }), { message: 'a preamble carries IPv4 addresses, not "::1"' });
    assert.throws(() => encodePreamble({ ...preamble, identity: Buffer.alloc(3) }), { message: "a preamble's identity has 32 bytes, not 3" });
  });
});

describe("IPAM", () => {
  test("addresses are taken in turn, and one just freed comes back last", () => {
    const ipam = new Ipam();
    assert.deepEqual([ipam.allocate("10.244.1.0/24"), ipam.allocate("10.244.1.0/24"), ipam.allocate("10.244.2.0/24")], ["10.244.1.2", "10.244.1.3", "10.244.2.2"]);
    ipam.release("10.244.1.2");
    assert.equal(ipam.allocate("10.244.1.0/24"), "10.244.1.4");
  });
  test("a range that is used up says so, and goes on when an address is freed", () => {
    const ipam = new Ipam();
    for (let i = 0; i < 5; i++) ipam.allocate("10.244.1.0/29");
    assert.throws(() => ipam.allocate("10.244.1.0/29"), { message: "no free pod address in 10.244.1.0/29: all 5 are in use" });
    ipam.release("10.244.1.4");
    assert.equal(ipam.allocate("10.244.1.0/29"), "10.244.1.4");
  });
  test("an adopted address is not given out again", () => {
    const ipam = new Ipam();
    ipam.adopt("10.244.1.0/24", "10.244.1.2");
    assert.equal(ipam.allocate("10.244.1.0/24"), "10.244.1.3");
    assert.throws(() => ipam.adopt("10.244.1.0/24", "10.244.9.9"), { message: "pod address 10.244.9.9 is not in 10.244.1.0/24" });
  });
});

describe("socket paths", () => {
  test("the longest ones fit where a directory was found fit", () => {
    const directory = chooseSocketDirectory("/home/learner/.tidepool", "/tmp", 1000);
    assert.equal(directory, "/home/learner/.tidepool/run/net");
    const longest = [socketName, loopbackName, rawName].map((name) => name("10.244.255.255", 65535)).concat("10.244.255.255_65535l.4194304-99");
    const edge = `/${"x".repeat(MAX_SOCKET_PATH_BYTES - 33 - "/run/net/".length)}`;
    assert.equal(chooseSocketDirectory(edge, "/tmp", 1000), `${edge}/run/net`);
    for (const name of longest) assert.ok(`${edge}/run/net/${name}`.length <= MAX_SOCKET_PATH_BYTES, name);
  });
  test("a long data directory gets a short one of its own, the same each time; users don't share it", () => {
    const long = `/${"deep/".repeat(30)}`;
    const chosen = chooseSocketDirectory(long, "/tmp", 1000);
    assert.match(chosen, /^\/tmp\/tidepool-[0-9a-f]{12}$/);
    assert.equal(chooseSocketDirectory(long, "/tmp", 1000), chosen);
    assert.notEqual(chooseSocketDirectory(long, "/tmp", 1001), chosen);
    assert.throws(() => chooseSocketDirectory(long, long, 1000), /^Error: no directory is short enough for sockets: .*set TMPDIR to a shorter one$/);
  });
});

describe("a full backlog", () => {
  const directory = mkdtempSync(join(tmpdir(), "tp-"));
  after(() => rmSync(directory, { recursive: true }));
  const link = (name: string, target: string): { path: string; preamble: boolean } => {
    symlinkSync(target, join(directory, name));
    return { path: join(directory, name), preamble: true };
  };
  const living = link("living", `10.244.1.5_80.${process.pid}`);
  const dead = link("dead", "10.244.1.5_80.4194305");
  const cases: [what: string, place: Parameters<typeof isBusy>[0], code: string, platform: NodeJS.Platform, busy: boolean][] = [
    ["Linux says so", living, "EAGAIN", "linux", true],
    ["Linux refuses when nobody listens", living, "ECONNREFUSED", "linux", false],
    ["macOS refuses though somebody listens", living, "ECONNREFUSED", "darwin", true],
    ["macOS refuses when the listener is dead", dead, "ECONNREFUSED", "darwin", false],
    ["macOS refuses when there is no socket", { path: join(directory, "none"), preamble: true }, "ECONNREFUSED", "darwin", false],
    ["TCP refuses as it does", { host: "127.0.0.1", port: 1 }, "ECONNREFUSED", "darwin", false],
  ];
  for (const [what, place, code, platform, busy] of cases) test(what, () => assert.equal(isBusy(place, code, platform), busy));
});

describe("NODE_OPTIONS", () => {
  const cases: [given: string | undefined, agent: string, merged: string][] = [
    [undefined, "/a.cjs", "--require /a.cjs"],
    ["", "/a.cjs", "--require /a.cjs"],
    ["--max-old-space-size=64", "/a.cjs", "--require /a.cjs --max-old-space-size=64"],
    ["--require /a.cjs --x", "/a.cjs", "--require /a.cjs --x"],
    ["--require=/a.cjs", "/a.cjs", "--require=/a.cjs"],
    ["-r /a.cjs", "/a.cjs", "-r /a.cjs"],
    ["--require /b.cjs", "/a.cjs", "--require /a.cjs --require /b.cjs"],
    ["--x", "/with space/a.cjs", '--require "/with space/a.cjs" --x'],
    ['--require "/with space/a.cjs"', "/with space/a.cjs", '--require "/with space/a.cjs"'],
  ];
  for (const [given, agent, merged] of cases) {
    test(`${given ?? "unset"} with ${agent}`, () => {
      assert.equal(withAgent(given, agent), merged);
      assert.equal(withAgent(merged, agent), merged);
    });
  }
  test("words", () => assert.deepEqual(splitNodeOptions('--a "b \\"c\\"" ""  d'), ["--a", 'b "c"', "", "d"]));
});
