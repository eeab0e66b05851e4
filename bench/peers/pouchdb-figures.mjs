/**
 * Phones on PouchDB, in memory, that sync with a PouchDB Server: `node pouchdb-figures.mjs <workload file>`.
 *
 * One command a line on standard input, `{"do", "url", …}`, one answer a line. Who drives it knows what went over the
 * wire meanwhile.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { balances, movement, PouchDB } from "./engines/pouchdb.mjs";

const [file] = process.argv.slice(2);
const { devices, keys, ops, batch, seconds } = JSON.parse(readFileSync(file, "utf8"));
const now = () => performance.now() / 1000;
const memory = (name) => new PouchDB(name, { adapter: "memory" });

const phones = Array.from({ length: devices }, (_, number) => memory(`phone-${number}`));
let next = 0;
let single = 0;

/** Record the next movements, each by the phone whose turn it is. */
const record = async (count) => {
  for (const [device, key, qty, at] of ops.slice(next, next + count)) {
    next += 1;
    await phones[device].put(movement(`${device}-${next}`, keys[key], qty, at));
  }
};

const push = async (url, those) => {
  const server = new PouchDB(url);
  await Promise.all(those.map((phone) => phone.replicate.to(server, { batch_size: batch })));
};

const commands = {
  async local() {
    const one = memory("local");
    const begun = now();
    let done = 0;
    for (const [, key, qty, at] of ops) {
      if (now() - begun > seconds) break;
      done += 1;
      await one.put(movement(`local-${done}`, keys[key], qty, at));
    }
    return { rate: done / (now() - begun), ops: done };
  },
  /** Every phone that recorded one op pushes it, all at once; what one round picks, the next puts back. */
  async singles({ url, rounds }) {
    let spent = 0;
    let done = 0;
    while (done < rounds * devices && spent < seconds) {
      for (const qty of [-1, 1]) {
        for (const [number, phone] of phones.entries())
          await phone.put(movement(`single-${single++}`, keys[number], qty, 0));
        const begun = now();
        await push(url, phones);
        spent += now() - begun;
        done += devices;
      }
    }
    return { rate: done / spent, ops: done };
  },
  /** Every phone that was offline for `batch` ops pushes them, all at once. */
  async batches({ url, rounds }) {
    let spent = 0;
    const first = next;
    for (let round = 0; round < rounds && spent < seconds && next < ops.length; round += 1) {
      await record(devices * batch);
      const begun = now();
      await push(url, phones);
      spent += now() - begun;
    }
    return { rate: (next - first) / spent, ops: next - first };
  },
  async bootstrap({ url, name }) {
    const begun = now();
    const phone = memory(name);
    await phone.replicate.from(new PouchDB(url), { batch_size: batch });
    const found = await balances(phone);
    const spent = now() - begun;
    const truth = new Map();
    for (const [, key, qty] of ops.slice(0, next)) truth.set(keys[key], (truth.get(keys[key]) ?? 0) + qty);
    for (const [key, qty] of truth)
      if (found.get(key) !== qty) throw new Error(`${key} is ${found.get(key)}, not ${qty}`);
    return { seconds: spent, ops: next };
  },
  async sync({ url }) {
    const server = new PouchDB(url);
    await phones[0].replicate.to(server);
    await phones[0].replicate.from(server, { batch_size: batch });
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: verb, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: await commands[verb](given) };
  } catch (error) {
    answer = { error: error instanceof Error ? error.stack : JSON.stringify(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
