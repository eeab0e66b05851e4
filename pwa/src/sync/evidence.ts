/** Photos, signatures and documents: their digests are in the chain, their bytes travel apart and may come later. */
import { type Bytes, toHex } from "../codec/bytes.ts";
import type { Writing } from "../storage/database.ts";
import type { Core } from "./core.ts";
import type { Failure } from "./courier.ts";
import type { OpRef } from "./ledger-types.ts";
import type { EvidenceProblem, Memory, Meta } from "./memory.ts";
import type { Beside } from "./recording.ts";
import { isResting } from "./resting.ts";

export interface Evidence {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

const digestOf = async (bytes: Uint8Array): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Bytes));

/** Bytes and op are one transaction: neither is on disk without the other. */
export const attachEvidence = async (
  { record }: Core,
  of: OpRef,
  { bytes, mediaType }: Evidence,
  role: string,
): Promise<OpRef> => {
  const digest = await digestOf(bytes);
  const sha256 = toHex(digest);
  const beside: Beside = {
    stores: ["evidence"],
    put: (tx) => tx.objectStore("evidence").put({ sha256, bytes, mediaType, uploaded: 0 }),
    after: (memory) => ({
      ...memory,
      evidence: [...memory.evidence.filter((other) => other !== sha256), sha256],
    }),
  };
  return record("attach", { sha256: digest, mediaType, size: bytes.length, role }, { names: [of] }, beside);
};

/** It is busy or wants to be asked later; it says nothing of this photo. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429]);

const problemOf = ({ evidenceProblems }: Memory, sha256: string): EvidenceProblem | undefined =>
  evidenceProblems.find((problem) => problem.sha256 === sha256);

/** The problems with that of one photo replaced, or without it. */
const withProblem = (
  { evidenceProblems }: Memory,
  sha256: string,
  problem: EvidenceProblem | null,
): readonly EvidenceProblem[] => [
  ...evidenceProblems.filter((other) => other.sha256 !== sha256),
  ...(problem === null ? [] : [problem]),
];

const noteRefusal = (
  { ports, keeper }: Core,
  sha256: string,
  { code, detail }: Extract<Failure, { readonly type: "refused" }>,
): Promise<null> =>
  keeper.commitOrHold(async (memory) => {
    const refusals = (problemOf(memory, sha256)?.refusals ?? 0) + 1;
    const problem = { sha256, code, detail, refusals, refusedAtMs: ports.wallMs() };
    const evidenceProblems = withProblem(memory, sha256, problem);
    return {
      stores: [],
      durability: "relaxed",
      put: (tx) => tx.objectStore("meta").put(evidenceProblems, "evidenceProblems"),
      after: () => ({ ...memory, evidenceProblems }),
      result: null,
    };
  });

const notAgain = async (tx: Writing, sha256: string): Promise<unknown> => {
  const meta = tx.objectStore("meta");
  const resend = (await meta.get("resend")) as Meta["resend"] | undefined;
  return resend === undefined
    ? undefined
    : meta.put(
        resend.filter((other) => other !== sha256),
        "resend",
      );
};

/** One by one, until the network ends it; what is up stays here as a copy while there is space. */
export const uploadEvidence = async (core: Core): Promise<void> => {
  const { ports, keeper, courier } = core;
  for (const sha256 of keeper.memory().evidence) {
    const { device, phone, pull } = keeper.memory();
    const believedFromMs = pull.believedFromMs ?? 0;
    if (isResting(problemOf(keeper.memory(), sha256), ports.wallMs())) continue;
    const kept = await (await keeper.database()).get("evidence", sha256);
    if (device === null || kept === undefined) continue;
    const answer = await courier.send(device, {
      method: "PUT",
      path: `/api/v1/evidence/${sha256}`,
      body: kept.bytes as Bytes,
      type: kept.mediaType,
      proves: true,
      ...(phone === null ? {} : { session: phone.session }),
      nowMs: ports.wallMs(),
    });
    if (!answer.ok) {
      if (answer.type === "offline" || answer.status >= 500 || NOT_NOW.has(answer.status)) return;
      // One photo that the server will not have must not keep back the next.
      await noteRefusal(core, sha256, answer);
      continue;
    }
    await keeper.commitOrHold(async (memory) => {
      // It went to a server that was restored meanwhile, as the phone heard since: it may have it no more.
      if ((memory.pull.believedFromMs ?? 0) !== believedFromMs) return null;
      const evidenceProblems = withProblem(memory, sha256, null);
      const evidence = memory.evidence.filter((other) => other !== sha256);
      return {
        stores: ["evidence"],
        durability: "relaxed",
        put: async (tx) =>
          Promise.all([
            tx.objectStore("evidence").put({ ...kept, uploaded: memory.count + 1 }),
            tx.objectStore("meta").put(evidenceProblems, "evidenceProblems"),
            notAgain(tx, sha256),
          ]),
        after: () => ({ ...memory, evidence, evidenceProblems }),
        result: null,
      };
    });
  }
};

/** From this phone, or from the server if it answers; null otherwise. What came is checked against its name. */
export const findEvidence = async (
  { ports, keeper, courier }: Core,
  sha256: string,
): Promise<Evidence | null> => {
  const kept = await (await keeper.database()).get("evidence", sha256);
  if (kept !== undefined) return { bytes: kept.bytes, mediaType: kept.mediaType };
  const { device, phone } = keeper.memory();
  if (device === null || phone === null || !/^[0-9a-f]{64}$/.test(sha256)) return null;
  const path = `/api/v1/evidence/${sha256}`;
  const asking = { method: "GET", path, proves: true, session: phone.session, nowMs: ports.wallMs() };
  const answer = await courier.send(device, asking);
  if (!answer.ok) return null;
  const bytes = new Uint8Array(await answer.value.arrayBuffer().catch(() => new ArrayBuffer(0)));
  if (toHex(await digestOf(bytes)) !== sha256) return null;
  return { bytes, mediaType: answer.value.headers.get("Content-Type") ?? "application/octet-stream" };
};
