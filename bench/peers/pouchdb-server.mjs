/** PouchDB Server: `node pouchdb-server.mjs <folder, or: memory>`; prints its port. It ends with its standard input. */
import express from "express";
import expressPouch from "express-pouchdb";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { PouchDB } from "./engines/pouchdb.mjs";

const [where] = process.argv.slice(2);
const isInMemory = where === "memory";
if (!isInMemory) mkdirSync(where, { recursive: true });
const Databases = PouchDB.defaults(
  isInMemory ? { adapter: "memory" } : { adapter: "leveldb", prefix: `${where}/` },
);
const app = express();
app.use(
  expressPouch(Databases, {
    mode: "minimumForPouchDB",
    // Rules of a design document are judged where writes arrive.
    overrideMode: { include: ["validation"] },
    inMemoryConfig: true,
    logPath: isInMemory ? `${tmpdir()}/pouchdb-${process.pid}.log` : `${where}/server.log`,
  }),
);
const server = app.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
