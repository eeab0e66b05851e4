/**
 * The traps on PouchDB and PouchDB Server, both on LevelDB: `node pouchdb-traps.mjs`; one JSON object a line.
 *
 * Copies and backups are copies of the folders. See crdt-traps.mjs for what a line says.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { balances, movement, PouchDB } from "./engines/pouchdb.mjs";

const KEY = "TOM-5|R1";
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const MORNING = Date.UTC(2026, 10, 23, 0, 0);
const root = mkdtempSync(join(tmpdir(), "peers-pouchdb-"));
const folder = (name) => join(root, `${name}-${randomUUID().slice(0, 8)}`);

const told = [];

class Server {
  constructor(home = folder("server")) {
    this.home = home;
  }

  async start() {
    this.process = spawn(process.execPath, [join(import.meta.dirname, "pouchdb-server.mjs"), this.home], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [port] = await new Promise((heard) => {
      createInterface({ input: this.process.stdout }).once("line", (line) => heard([line]));
    });
    this.db = new PouchDB(`http://127.0.0.1:${port}/stock`);
    await this.db.info();
    return this;
  }

  async stop() {
    const gone = new Promise((ended) => this.process.once("exit", ended));
    this.process.kill("SIGKILL");
    await gone;
  }

  /** What an operator's backup of a stopped server is. */
  async backup() {
    await this.stop();
    const to = folder("backup");
    cpSync(this.home, to, { recursive: true });
    await this.start();
    return to;
  }
}

class Phone {
  /** `id`: kept on the phone and part of every document's id, with a number that counts up; null: ids are random. */
  constructor(server, id, home = folder("phone")) {
    [this.server, this.id, this.home] = [server, id, home];
    this.open();
  }

  open() {
    this.db = new PouchDB(this.home, { adapter: "leveldb" });
  }

  async nextId() {
    if (this.id === null) return randomUUID();
    const counter = await this.db.get("_local/seq").catch(() => ({ _id: "_local/seq", seq: 0 }));
    counter.seq += 1;
    await this.db.put(counter);
    return `${this.id}-${counter.seq}`;
  }

  async record(key, qty, at, isCount = false) {
    await this.db.put(movement(await this.nextId(), key, qty, at, isCount));
  }

  async sync() {
    for (const replication of [
      this.db.replicate.to(this.server.db),
      this.db.replicate.from(this.server.db),
    ]) {
      const { errors } = await replication;
      for (const error of errors) told.push(`denied: ${error.message}`);
    }
  }

  async copied() {
    await this.db.close();
    const to = folder("copy");
    cpSync(this.home, to, { recursive: true });
    this.open();
    return new Phone(this.server, this.id, to);
  }
}

const shelf = async (opening) => {
  const server = await new Server().start();
  if (opening !== 0) await server.db.put(movement("opening", KEY, opening, MORNING - DAY));
  return server;
};

const joined = async (server, id) => {
  const phone = new Phone(server, id);
  await phone.sync();
  return phone;
};

const rounds = async (...phones) => {
  for (let round = 0; round < 3; round += 1) for (const phone of phones) await phone.sync();
};

/** What each shows, and how many revisions lost to another and are kept where nobody is told. */
const shown = async (replicas) => {
  const found = {};
  let hidden = 0;
  for (const [name, { db }] of Object.entries(replicas)) {
    found[name] = (await balances(db)).get(KEY) ?? 0;
    const { rows } = await db.allDocs({ include_docs: true, conflicts: true });
    hidden = Math.max(hidden, rows.filter((row) => row.doc._conflicts !== undefined).length);
  }
  return { shown: found, note: hidden > 0 ? "kept-as-conflict" : "" };
};

const clone = async (id) => {
  const server = await shelf(0);
  const liu = await joined(server, id);
  await liu.record(KEY, 1, MORNING);
  await rounds(liu);
  const twin = await liu.copied();
  await liu.record(KEY, 10, MORNING + MINUTE);
  await rounds(liu);
  await twin.record(KEY, 100, MORNING + 2 * MINUTE);
  await rounds(twin, liu);
  await twin.record(KEY, 1000, MORNING + 3 * MINUTE);
  await rounds(twin, liu);
  return { server, truth: 1111, ...(await shown({ server, liu, twin })) };
};

const clock = async (ahead) => {
  const server = await shelf(76);
  const [liu, zhang] = [await joined(server, "liu"), await joined(server, "zhang")];
  await liu.record(KEY, -20, MORNING + ahead);
  await zhang.record(KEY, 55, MORNING + 30 * MINUTE, true);
  await rounds(zhang, liu);
  await liu.record(KEY, -5, MORNING + 60 * MINUTE);
  await rounds(liu, zhang);
  return { server, truth: 50, ...(await shown({ server, liu, zhang })) };
};

const oversell = async (truth) => {
  const server = await shelf(5);
  const [liu, zhang] = [await joined(server, "liu"), await joined(server, "zhang")];
  await liu.record(KEY, -4, MORNING);
  await zhang.record(KEY, -4, MORNING + MINUTE);
  await rounds(liu, zhang);
  return { server, truth, ...(await shown({ server, liu, zhang })) };
};

const count = async (at, truth) => {
  const server = await shelf(60);
  const [liu, zhang] = [await joined(server, "liu"), await joined(server, "zhang")];
  await liu.record(KEY, -20, MORNING + at.pick);
  await zhang.record(KEY, 40, MORNING + at.count, true);
  await rounds(zhang, liu);
  return { server, truth, ...(await shown({ server, liu, zhang })) };
};

const RULE = `function (doc) { if (doc.qty >= 1000) throw { forbidden: "no right to move 1000" }; }`;

const traps = {
  "clone-same-id": () => clone("liu"),
  "clone-new-id": () => clone(null),
  "clock-day": () => clock(DAY),
  "clock-year": () => clock(365 * DAY),
  // For a library that sees the phone's time alone, it is the same whether the clock is put right before or after.
  "clock-corrected-first": () => clock(DAY),
  oversell: () => oversell(1),
  "oversell-taken": () => oversell(0),
  "count-after-pick": () => count({ pick: 0, count: 30 * MINUTE }, 40),
  "count-before-pick": () => count({ pick: 30 * MINUTE, count: 0 }, 20),
  "rejected-write": async () => {
    const server = await shelf(0);
    await server.db.put({ _id: "_design/rule", validate_doc_update: RULE });
    const liu = await joined(server, "liu");
    for (const [number, qty] of [1, 1000, 10].entries()) await liu.record(KEY, qty, MORNING + number);
    await rounds(liu);
    return { server, truth: 11, ...(await shown({ server, liu })) };
  },
  "lost-ack": async () => {
    const server = await shelf(0);
    const liu = await joined(server, "liu");
    for (const qty of [1, 10, 100]) await liu.record(KEY, qty, MORNING + qty);
    const { docs } = await liu.db
      .bulkGet({
        docs: (await liu.db.allDocs()).rows.map(({ id }) => ({ id })),
        revs: true,
      })
      .then(({ results }) => ({ docs: results.map(({ docs: [{ ok }] }) => ok) }));
    // The batch arrives and its answer does not: the phone knows of nothing, and sends everything anew.
    await server.db.bulkDocs({ docs, new_edits: false });
    await rounds(liu);
    return { server, truth: 111, ...(await shown({ server, liu })) };
  },
  "server-restored": async () => {
    const server = await shelf(0);
    const liu = await joined(server, "liu");
    await liu.record(KEY, 1, MORNING);
    await rounds(liu);
    const backup = await server.backup();
    for (const qty of [10, 100]) await liu.record(KEY, qty, MORNING + qty);
    await rounds(liu);
    await server.stop();
    server.home = backup;
    await server.start();
    await rounds(liu);
    await liu.record(KEY, 1000, MORNING + DAY);
    await rounds(liu);
    return { server, truth: 1111, ...(await shown({ server, liu })) };
  },
  "phone-restored": async () => {
    const server = await shelf(0);
    const liu = await joined(server, "liu");
    await liu.record(KEY, 1, MORNING);
    await rounds(liu);
    const backup = await liu.copied();
    await liu.record(KEY, 10, MORNING + MINUTE);
    await rounds(liu);
    await backup.record(KEY, 100, MORNING + 2 * MINUTE);
    await rounds(backup);
    await backup.record(KEY, 1000, MORNING + 3 * MINUTE);
    await rounds(backup);
    return { server, truth: 1111, ...(await shown({ server, liu: backup })) };
  },
};

for (const [trap, play] of Object.entries(traps)) {
  told.length = 0;
  let seen;
  try {
    const { server, ...rest } = await play();
    await server.stop();
    seen = rest;
  } catch (error) {
    seen = { stuck: error instanceof Error ? error.message : JSON.stringify(error) };
  }
  process.stdout.write(`${JSON.stringify({ trap, ...seen, told: [...new Set(told)], console: [] })}\n`);
}
rmSync(root, { recursive: true, force: true });
process.exit(0);
