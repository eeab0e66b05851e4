/**
 * Stock on PouchDB. It has no counter, so every movement and count is a document of its own ("every document is a
 * delta"), and the app folds them by the time that the phone wrote.
 */
import PouchCore from "pouchdb-core";
import http from "pouchdb-adapter-http";
import leveldb from "pouchdb-adapter-leveldb";
import memory from "pouchdb-adapter-memory";
import mapreduce from "pouchdb-mapreduce";
import replication from "pouchdb-replication";
import find from "pouchdb-find";
import { folded } from "../fold.mjs";

export const name = "PouchDB";

export const PouchDB = PouchCore.plugin(http)
  .plugin(leveldb)
  .plugin(memory)
  .plugin(mapreduce)
  .plugin(replication)
  .plugin(find);

/** A movement as a document: what an app needs to fold it, and nothing more. */
export const movement = (id, key, qty, at, isCount = false) => ({
  _id: id,
  key,
  qty,
  at,
  ...(isCount ? { count: true } : {}),
});

export const balances = async (db) => {
  const { rows } = await db.allDocs({ include_docs: true });
  const entries = rows
    .filter((row) => row.doc.key !== undefined)
    .map(({ doc }) => [doc.key, doc.qty, doc.at, doc.count === true]);
  return folded(entries);
};
