/**
 * The figures of a library that merges in memory: `node crdt-figures.mjs <engine> <workload file>`; one JSON object.
 *
 * Nothing here has a transport, a disk or a check. A figure takes as much of the workload as fits in its seconds, and
 * what came out is compared to the plain sum of the same movements.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const [engine, file] = process.argv.slice(2);
const { Replica, sync } = await import(`./engines/${engine}.mjs`);
const { devices, keys, ops, batch, seconds } = JSON.parse(readFileSync(file, "utf8"));
const base = Replica.base(keys);
const HUB = 900;

const now = () => performance.now() / 1000;
const packed = (bytes) => Math.min(bytes.length, gzipSync(bytes).length);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Every phone records offline, a stretch of `batch` movements each time it is its turn. */
const record = () => {
  const phones = Array.from({ length: devices }, (_, number) => new Replica(number + 1, base));
  const versions = phones.map((phone) => phone.version());
  const updates = [];
  const batches = [];
  let spent = 0;
  for (let first = 0; first < ops.length && spent < seconds; first += batch) {
    const stretch = ops.slice(first, first + batch);
    const [device] = stretch[0];
    const phone = phones[device];
    const begun = now();
    for (const [, key, qty, at] of stretch) updates.push(phone.record(keys[key], qty, at));
    spent += now() - begun;
    batches.push(phone.since(versions[device]));
    versions[device] = phone.version();
  }
  return { phones, updates, batches, local: updates.length / spent };
};

/** One replica, the server's, takes update after update: one op each, or a batch. */
const merge = (updates, opsEach) => {
  const hub = new Replica(HUB, base);
  let taken = 0;
  const begun = now();
  while (taken < updates.length && now() - begun < seconds) hub.take(updates[taken++]);
  const balances = hub.balances();
  const spent = now() - begun;
  check(balances, taken * opsEach);
  return { hub, ops: taken * opsEach, rate: (taken * opsEach) / spent };
};

const check = (balances, count) => {
  const truth = new Map();
  for (const [, key, qty] of ops.slice(0, count)) truth.set(keys[key], (truth.get(keys[key]) ?? 0) + qty);
  for (const [key, qty] of truth)
    if ((balances.get(key) ?? 0) !== qty)
      throw new Error(`${engine}: ${key} is ${balances.get(key)}, not ${qty}`);
};

const { phones, updates, batches, local } = record();
const single = merge(updates, 1);
const batched = merge(batches, batch);

const begun = now();
const stored = batched.hub.handed();
const newcomer = new Replica(500, stored);
check(newcomer.balances(), batched.ops);
const bootstrap = now() - begun;

const phone = phones[0];
sync(phone, batched.hub);
const idle = sync(phone, batched.hub);

process.stdout.write(
  `${JSON.stringify({
    ops: updates.length,
    local,
    single: single.rate,
    single_ops: single.ops,
    batched: batched.rate,
    wire_single: sum(updates.map((update) => update.length)) / updates.length,
    wire_batched: sum(batches.map(packed)) / updates.length,
    bootstrap_s: bootstrap,
    bootstrap_bytes: packed(stored),
    bootstrap_ops: batched.ops,
    idle_requests: idle.messages,
    idle_bytes: idle.bytes,
  })}\n`,
);
