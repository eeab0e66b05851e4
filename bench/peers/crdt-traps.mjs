/**
 * The traps on a library that merges in memory: `node crdt-traps.mjs <engine>`; one JSON object a line, what was seen.
 *
 * A line tells the truth as somebody who saw the shelf knows it, what each replica shows when everybody has synced,
 * and what anybody was told. Quantities are powers of ten, so that a wrong balance says which movement is missing.
 */
const [engine] = process.argv.slice(2);
const { Replica, sync } = await import(`./engines/${engine}.mjs`);

const KEY = "TOM-5|R1";
const [LIU, ZHANG, SERVER] = [11, 12, 900];
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const MORNING = Date.UTC(2026, 10, 23, 0, 0);

const said = [];
for (const level of ["log", "warn", "error", "info"])
  console[level] = (...words) => said.push(words.join(" "));

/** What the phone's disk holds, copied byte for byte: the document, and beside it what an app persists. */
const copied = (replica, id) => {
  const twin = new Replica(id, replica.stored());
  if (replica.state !== undefined) twin.state = replica.state;
  return twin;
};

const shelf = (opening) => {
  const server = new Replica(SERVER, Replica.base([KEY]));
  if (opening !== 0) server.record(KEY, opening, MORNING - DAY);
  return server;
};

const joined = (server, id) => {
  const phone = new Replica(id, server.stored());
  sync(phone, server);
  return phone;
};

const shown = (replicas) =>
  Object.fromEntries(Object.entries(replicas).map(([name, one]) => [name, one.balances().get(KEY) ?? 0]));

const rounds = (server, ...phones) => {
  for (let round = 0; round < 3; round += 1) for (const phone of phones) sync(phone, server);
};

const traps = {
  "clone-same-id": () => clone(LIU),
  "clone-new-id": () => clone(null),
  "clock-day": () => clock(DAY),
  "clock-year": () => clock(365 * DAY),
  // For a library that sees the phone's time alone, it is the same whether the clock is put right before or after.
  "clock-corrected-first": () => clock(DAY),
  oversell: () => oversell(1),
  "oversell-taken": () => oversell(0),
  "count-after-pick": () => count({ pick: 0, count: 30 * MINUTE }, 40),
  "count-before-pick": () => count({ pick: 30 * MINUTE, count: 0 }, 20),
  "rejected-write": () => {
    const server = shelf(0);
    const liu = joined(server, LIU);
    const updates = [1, 1000, 10].map((qty, number) => liu.record(KEY, qty, MORNING + number));
    let isWaiting = false;
    // The server looks at what an update would do, and does not let the second one in.
    for (const update of updates) {
      const trial = copied(server, null);
      trial.take(update);
      if ((trial.balances().get(KEY) ?? 0) < 1000) isWaiting = server.take(update);
    }
    return { truth: 11, shown: shown({ server, liu }), note: isWaiting ? "waits" : "" };
  },
  "lost-ack": () => {
    const server = shelf(0);
    const liu = joined(server, LIU);
    const before = liu.version();
    for (const qty of [1, 10, 100]) liu.record(KEY, qty, MORNING + qty);
    const batch = liu.since(before);
    server.take(batch);
    server.take(batch);
    rounds(server, liu);
    return { truth: 111, shown: shown({ server, liu }) };
  },
  "server-restored": () => {
    let server = shelf(0);
    const liu = joined(server, LIU);
    liu.record(KEY, 1, MORNING);
    rounds(server, liu);
    const backup = copied(server, SERVER);
    for (const qty of [10, 100]) liu.record(KEY, qty, MORNING + qty);
    rounds(server, liu);
    server = backup;
    rounds(server, liu);
    liu.record(KEY, 1000, MORNING + DAY);
    rounds(server, liu);
    return { truth: 1111, shown: shown({ server, liu }) };
  },
  "phone-restored": () => {
    const server = shelf(0);
    const liu = joined(server, LIU);
    liu.record(KEY, 1, MORNING);
    rounds(server, liu);
    const backup = copied(liu, LIU);
    liu.record(KEY, 10, MORNING + MINUTE);
    rounds(server, liu);
    backup.record(KEY, 100, MORNING + 2 * MINUTE);
    rounds(server, backup);
    backup.record(KEY, 1000, MORNING + 3 * MINUTE);
    rounds(server, backup);
    return { truth: 1111, shown: shown({ server, liu: backup }) };
  },
};

/** A phone's database is copied to a second phone, and both go on. */
const clone = (id) => {
  const server = shelf(0);
  const liu = joined(server, id);
  liu.record(KEY, 1, MORNING);
  rounds(server, liu);
  const twin = copied(liu, id);
  liu.record(KEY, 10, MORNING + MINUTE);
  rounds(server, liu);
  twin.record(KEY, 100, MORNING + 2 * MINUTE);
  rounds(server, twin, liu);
  twin.record(KEY, 1000, MORNING + 3 * MINUTE);
  rounds(server, twin, liu);
  return { truth: 1111, shown: shown({ server, liu, twin }) };
};

/** Two phones without a signal take 4 each out of 5: what they sell and what they carry away is one movement here. */
const oversell = (truth) => {
  const server = shelf(5);
  const [liu, zhang] = [joined(server, LIU), joined(server, ZHANG)];
  liu.record(KEY, -4, MORNING);
  zhang.record(KEY, -4, MORNING + MINUTE);
  rounds(server, liu, zhang);
  return { truth, shown: shown({ server, liu, zhang }) };
};

/** Liu's clock is ahead; he picks 20 of 76. Zhang counts 55 half an hour later. The clock is put right; Liu picks 5. */
const clock = (ahead) => {
  const server = shelf(76);
  const [liu, zhang] = [joined(server, LIU), joined(server, ZHANG)];
  liu.record(KEY, -20, MORNING + ahead);
  zhang.count(KEY, 55, MORNING + 30 * MINUTE);
  rounds(server, zhang, liu);
  liu.record(KEY, -5, MORNING + 60 * MINUTE);
  rounds(server, liu, zhang);
  return { truth: 50, shown: shown({ server, liu, zhang }) };
};

/** Of 60, Liu picks 20 and Zhang counts 40, one half an hour after the other, neither with a signal. */
const count = (at, truth) => {
  const server = shelf(60);
  const [liu, zhang] = [joined(server, LIU), joined(server, ZHANG)];
  const acts = [
    [at.pick, () => liu.record(KEY, -20, MORNING + at.pick)],
    [at.count, () => zhang.count(KEY, 40, MORNING + at.count)],
  ];
  for (const [, act] of acts.toSorted((a, b) => a[0] - b[0])) act();
  rounds(server, zhang, liu);
  return { truth, shown: shown({ server, liu, zhang }) };
};

for (const [trap, play] of Object.entries(traps)) {
  said.length = 0;
  let seen;
  try {
    seen = play();
  } catch (error) {
    seen = { stuck: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify({ trap, told: [], ...seen, console: [...said] })}\n`);
}
