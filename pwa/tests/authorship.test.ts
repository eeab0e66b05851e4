import { describe, expect, it } from "vitest";
import { decodeAuthorship, verifyAuthorship } from "../src/codec/authorship.ts";
import { fromHex, toHex } from "../src/codec/bytes.ts";
import { readVectors } from "./vectors.ts";

interface Case {
  readonly name: string;
  readonly proof: string;
  readonly refused?: string;
  readonly [told: string]: unknown;
}

const { genesis, cases } = readVectors<{ readonly genesis: string; readonly cases: readonly Case[] }>(
  "identity/authorship.json",
);

describe.each(cases)("a proof of authorship: $name", ({ proof, refused, ...told }) => {
  it("shows what the server sees in it", async () => {
    const decoded = decodeAuthorship(fromHex(proof));
    const shown = await verifyAuthorship(decoded!, fromHex(genesis));
    if (refused !== undefined) {
      expect(shown).toEqual({ ok: false, reason: refused });
      return;
    }
    expect(shown.ok).toBe(true);
    const { org, device, deviceName, person, assurance, isSigned } = (
      shown as Extract<typeof shown, { ok: true }>
    ).author;
    expect({
      org,
      device: toHex(device),
      device_name: deviceName,
      person,
      assurance,
      is_signed: isSigned,
    }).toEqual({
      org: told["org"],
      device: told["device"],
      device_name: told["device_name"],
      person: told["person"],
      assurance: told["assurance"],
      is_signed: told["is_signed"],
    });
  });
});

it.each(["", "90", "c1", "9190", "00".repeat(100)])("bytes that are no proof are none: %s", (hex) => {
  expect(decodeAuthorship(fromHex(hex))).toBeNull();
});
