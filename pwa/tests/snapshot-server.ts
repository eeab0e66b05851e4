/**
 * A server of snapshots in front of the small one: rows that the test writes, chunks of three, and everything that may
 * happen to a download. The real one is held to the same law in `tests/integration/test_snapshot_laws.py`.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Bytes, fromHex, toHex } from "../src/codec/bytes.ts";
import { decode, encode, type Value } from "../src/codec/msgpack.ts";
import { compareText } from "../src/domain/text-order.ts";
import { MEDIA_TYPE } from "../src/sync/wire.ts";
import { ORG, SERVER, type SmallServer } from "./small-server.ts";

const DEPTH = 12;

export interface TestRow {
  readonly bucket: string;
  readonly table: string;
  readonly key: string;
  readonly value: Value;
}
interface Kept extends TestRow {
  readonly changed: number;
}
interface Snapshot {
  readonly name: string;
  readonly cursor: number;
  readonly blobs: ReadonlyMap<string, Bytes>;
}

const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
const packed = (value: Value): Bytes => new Uint8Array(gzipSync(encode(value, DEPTH)));
/** Of its chunks, without the manifest. */
const bytesOf = ({ name, blobs }: Snapshot): number =>
  [...blobs].reduce((sum, [other, blob]) => sum + (other === name ? 0 : blob.length), 0);
const refusal = (status: number, code: string): Response =>
  new Response(JSON.stringify({ type: `/errors/${code}`, title: code, status, detail: code }), {
    status,
    headers: { "Content-Type": "application/problem+json" },
  });

export class SnapshotServer {
  size = 0;
  granted: readonly string[];
  readonly rows = new Map<string, Kept>();
  readonly snapshots = new Map<string, Snapshot[]>();
  /** Names of blobs in the order in which they were asked for. */
  readonly asked: string[] = [];
  /** The next blobs come damaged. */
  damages = 0;
  /** Blobs until the network breaks. */
  blobsLeft = Infinity;
  isExpired = false;
  /** Buckets whose deletions nobody remembers that far back: they come anew. */
  readonly forgets = new Set<string>();
  chunkRows = 3;
  readonly #small: SmallServer;

  constructor(small: SmallServer, granted: readonly string[]) {
    this.#small = small;
    this.granted = granted;
  }

  commit(rows: readonly TestRow[]): void {
    for (const row of rows) {
      const name = [row.bucket, row.table, row.key].join("\u0000");
      if (row.value === null && !this.rows.has(name)) continue;
      this.rows.set(name, { ...row, changed: this.size });
    }
    this.size += 1;
  }

  live(bucket: string): readonly Kept[] {
    return [...this.rows.values()]
      .filter((row) => row.bucket === bucket && row.value !== null)
      .sort((a, b) => compareText(a.table, b.table) || compareText(a.key, b.key));
  }

  make(bucket: string): void {
    const rows = this.live(bucket);
    const blobs = new Map<string, Bytes>();
    const chunks: Value[] = [];
    for (let at = 0; at < rows.length; at += this.chunkRows) {
      const part = rows.slice(at, at + this.chunkRows);
      const tables = [...new Set(part.map(({ table }) => table))].map((table): Value => [
        table,
        part.filter((row) => row.table === table).map(({ key, value }): Value => [key, value]),
      ]);
      const blob = packed(tables);
      blobs.set(sha256(blob), blob);
      const [first] = part;
      chunks.push([
        fromHex(sha256(blob)),
        blob.length,
        encode(tables, DEPTH).length,
        part.length,
        first!.table,
        first!.key,
      ]);
    }
    const manifest = packed([1, ORG, bucket, this.size - 1, chunks]);
    blobs.set(sha256(manifest), manifest);
    const made = { name: sha256(manifest), cursor: this.size - 1, blobs };
    this.snapshots.set(bucket, [...(this.snapshots.get(bucket) ?? []), made]);
  }

  /** Older snapshots are forgotten. */
  sweep(): void {
    for (const [bucket, made] of this.snapshots) this.snapshots.set(bucket, made.slice(-1));
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const name = /^\/api\/v1\/snapshots\/([0-9a-f]{64})$/.exec(url.slice(SERVER.length))?.[1];
    if (name !== undefined)
      return this.#blob(name, (init.headers as Record<string, string>)["Gobi-Bucket-Token"]);
    const answer = await this.#small.fetch(url, init);
    if (!url.endsWith("/api/v1/sync") || !answer.ok) return answer;
    const request = this.#small.requests.at(-1)!;
    const reply = decode(new Uint8Array(await answer.arrayBuffer()), DEPTH) as readonly Value[];
    return new Response(encode(this.#pull(request, reply), DEPTH), {
      headers: { "Content-Type": MEDIA_TYPE },
    });
  };

  #blob(name: string, bucket: string | undefined): Response {
    if (this.blobsLeft <= 0) throw new TypeError("network");
    this.blobsLeft -= 1;
    this.asked.push(name);
    if (this.isExpired) return refusal(403, "bucket-token-expired");
    const blob = (this.snapshots.get(bucket ?? "") ?? []).flatMap(({ blobs }) => blobs.get(name) ?? [])[0];
    if (blob === undefined) return refusal(404, "snapshot-gone");
    if (this.damages <= 0) return new Response(blob);
    this.damages -= 1;
    return new Response(blob.map((byte, i) => (i === 5 ? byte ^ 1 : byte)));
  }

  #pull(request: readonly Value[], reply: readonly Value[]): Value {
    this.isExpired = false;
    const cursor = request[5] as number;
    const known = new Set(request[7] as string[]);
    const held = new Map((request[11] as [string, Uint8Array, boolean][]).map((one) => [one[0], one]));
    const [dropped, rows]: [string[], Kept[]] = [[...known].filter((one) => !this.granted.includes(one)), []];
    const [offers, based]: [Value[], Value[]] = [[], []];
    for (const bucket of this.granted) {
      const since = (index: number) =>
        [...this.rows.values()].filter((r) => r.bucket === bucket && r.changed > index);
      const made = this.snapshots.get(bucket) ?? [];
      const mine = made.find(({ name }) => name === toHex(held.get(bucket)?.[1] ?? new Uint8Array(0)));
      const offered = mine ?? made.at(-1);
      if (known.has(bucket) && cursor < this.size && !this.forgets.has(bucket)) rows.push(...since(cursor));
      else if (mine !== undefined && held.get(bucket)?.[2] === true) {
        based.push([bucket, fromHex(mine.name)]);
        this.forgets.delete(bucket);
        dropped.push(bucket);
        rows.push(...since(mine.cursor));
      } else if (offered !== undefined)
        offers.push([bucket, fromHex(offered.name), offered.cursor, bytesOf(offered), 3, bucket]);
      else {
        dropped.push(bucket);
        rows.push(...this.live(bucket));
      }
    }
    if (offers.some((offer) => known.has((offer as Value[])[0] as string))) {
      const gone = dropped.filter((bucket) => !this.granted.includes(bucket));
      const more = based.map((one): Value => {
        const [bucket, manifest] = one as [string, Uint8Array];
        return [bucket, manifest, cursor, 0, 0, bucket];
      });
      const acked = reply[13]!;
      return [
        ...reply.slice(0, 4),
        cursor,
        null,
        gone,
        [],
        [],
        ...reply.slice(9, 12),
        null,
        acked,
        [...offers, ...more],
      ];
    }
    rows.sort((a, b) => a.changed - b.changed);
    const pulled = rows.map(({ bucket, table, key, value }): Value => [bucket, table, key, value]);
    const head = [...reply.slice(0, 4), this.size - 1, null, dropped, pulled, ...reply.slice(8, 12)];
    head.push(offers.length > 0 ? null : reply[12]!, reply[13]!);
    return [...head, offers, based];
  }
}
