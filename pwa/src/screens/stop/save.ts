/** Writes a hand-over: the delivery, then what belongs to it. Each step is an op of its own and stands by itself. */
import { recorded, tellFault } from "../../app/act.ts";
import { encode } from "../../codec/msgpack.ts";
import { t } from "../../i18n/i18n.ts";
import type { Ledger } from "../../sync/ledger-types.ts";
import type { Signature } from "../../ui/SignaturePad.tsx";
import { type HandOver, cratesBackFields, deliverFields } from "./draft.ts";

export interface Signed {
  readonly name: string;
  readonly signature: Signature;
  readonly photo: Blob | null;
}

const bytesOf = async (blob: Blob): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await blob.arrayBuffer());

/** True once the delivery itself is recorded; what follows is told when it fails, and can be done again from its own screen. */
export const saveHandOver = async (
  ledger: Ledger,
  handOver: HandOver,
  signed: Signed,
  more: { readonly back: number; readonly paidFen: number; readonly method: string },
): Promise<boolean> => {
  const strokes = encode([signed.signature.height, signed.signature.strokes.map((stroke) => [...stroke])]);
  const name = signed.name.trim();
  const photo = signed.photo === null ? null : await bytesOf(signed.photo);
  const digest = photo === null ? null : new Uint8Array(await crypto.subtle.digest("SHA-256", photo));
  const erasable = name === "" ? [strokes] : [name, strokes];
  const receiver = ["glass", name === "" ? null : 0, erasable.length - 1, digest] as const;
  const ref = await recorded(ledger, "deliver", deliverFields(handOver, receiver), { erasable });
  if (ref === null) return false;
  const { partner, order, crates } = handOver;
  if (more.back > 0) {
    const back = { item: crates.item, to: crates.from, back: more.back };
    await recorded(ledger, "return", cratesBackFields(partner, order, back, t("stop.emptyCrates")));
  }
  if (more.paidFen > 0) {
    await recorded(ledger, "payment", {
      partner,
      direction: "in",
      amountFen: more.paidFen,
      method: more.method,
    });
  }
  try {
    if (photo !== null) await ledger.attach(ref, photo, "image/jpeg", "photo");
  } catch (error) {
    tellFault(error);
  }
  return true;
};
