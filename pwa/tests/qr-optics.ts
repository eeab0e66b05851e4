/**
 * What a cheap camera at arm's length reads off another phone's screen, simulated: for `gobi bench qr-relay`.
 *
 * The code is 61 mm wide, as on a phone of 68 mm. The camera gives 1280×720 over 65°. Each picture has an offset and a
 * rotation of its own, is blurred by focus and by a hand that moves, has little contrast and much noise. Then the real
 * reader reads it, by the options of the app's first pass.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { toBase45 } from "../src/codec/base45.ts";
import { sha256 } from "../src/codec/sha256.ts";
import { pack } from "../src/codec/packing.ts";
import { makeParts, openCollector } from "../src/codec/parts.ts";
import { makeQr } from "../src/ui/qr-code.ts";

const [WIDTH, HEIGHT, FIELD_DEGREES, CODE_MM, QUIET] = [1280, 720, 65, 61, 4];
const [NOISE, DARK, LIGHT] = [10, 60, 190];

/** Seeded chance (xorshift32), so that a run can be repeated. */
const chanceOf = (seed: number): (() => number) => {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

const picture = (text: string, distanceMm: number, chance: () => number): ImageData => {
  const code = makeQr(text, "L");
  if (code === undefined) throw new Error("too long for a code");
  const modules = code.size + 2 * QUIET;
  const widthMm = 2 * distanceMm * Math.tan((FIELD_DEGREES / 360) * Math.PI);
  const scale = ((CODE_MM / widthMm) * WIDTH) / modules;
  const turn = ((chance() - 0.5) * 16 * Math.PI) / 180;
  const [left, top] = [WIDTH / 2 + (chance() - 0.5) * 200, HEIGHT / 2 + (chance() - 0.5) * 80];
  const [blur, drift, driftTurn] = [0.5 + chance() * 0.5, chance() * 1.5, chance() * Math.PI];
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4).fill(128);
  const half = Math.ceil((modules * scale) / 2) + 4;
  const SAMPLES = 12;
  for (let y = Math.floor(top - half); y < top + half; y += 1)
    for (let x = Math.floor(left - half); x < left + half; x += 1) {
      if (x < 0 || y < 0 || x >= WIDTH || y >= HEIGHT) continue;
      let light = 0;
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        const [radius, angle] = [
          Math.sqrt(-2 * Math.log(chance() + 1e-9)) * blur * 0.7,
          chance() * 2 * Math.PI,
        ];
        const along = (chance() - 0.5) * drift;
        const dx = x + chance() - 0.5 + radius * Math.cos(angle) + along * Math.cos(driftTurn) - left;
        const dy = y + chance() - 0.5 + radius * Math.sin(angle) + along * Math.sin(driftTurn) - top;
        const column = Math.floor((dx * Math.cos(turn) + dy * Math.sin(turn)) / scale + modules / 2) - QUIET;
        const row = Math.floor((dy * Math.cos(turn) - dx * Math.sin(turn)) / scale + modules / 2) - QUIET;
        const isInside = column >= 0 && row >= 0 && column < code.size && row < code.size;
        light += isInside && code.isDark(column, row) ? DARK : LIGHT;
      }
      const level = light / SAMPLES + (chance() + chance() + chance() - 1.5) * 2 * NOISE;
      const at = (y * WIDTH + x) * 4;
      data[at] = data[at + 1] = data[at + 2] = level;
    }
  for (let at = 3; at < data.length; at += 4) data[at] = 255;
  return { data, width: WIDTH, height: HEIGHT, colorSpace: "srgb" };
};

const reads = async (image: ImageData): Promise<string | null> => {
  const found = await readBarcodes(image, {
    formats: ["QRCode"],
    tryHarder: false,
    tryRotate: false,
    tryInvert: false,
    tryDownscale: false,
    textMode: "Plain",
  });
  return found.find(({ isValid }) => isValid)?.text ?? null;
};

interface Asked {
  readonly bundle: string;
  readonly pictures: number;
  readonly bytes: readonly number[];
  readonly distances: readonly number[];
  readonly per_second: number;
}

const main = async (): Promise<void> => {
  const asked = JSON.parse(readFileSync(0, "utf8")) as Asked;
  const wasm = readFileSync(
    fileURLToPath(
      new URL("node_modules/zxing-wasm/dist/reader/zxing_reader.wasm", `file://${process.cwd()}/`),
    ),
  );
  await prepareZXingModule({
    overrides: { wasmBinary: wasm.buffer.slice(0) },
    fireImmediately: true,
  });

  const table = [];
  for (const bytes of asked.bytes)
    for (const distance of asked.distances) {
      const chance = chanceOf(bytes * 1000 + distance);
      let [right, ms, modules] = [0, 0, 0];
      for (let i = 0; i < asked.pictures; i += 1) {
        const content = new Uint8Array(bytes).map(
          (_, at) => sha256(Uint8Array.of(i, at & 255, at >> 8))[0] ?? 0,
        );
        const text = `GOBI:${toBase45(content)}`;
        modules = makeQr(text, "L")?.size ?? 0;
        const image = picture(text, distance, chance);
        const from = performance.now();
        right += (await reads(image)) === text ? 1 : 0;
        ms += performance.now() - from;
      }
      table.push({
        bytes,
        modules,
        distance_mm: distance,
        read: right / asked.pictures,
        ms: ms / asked.pictures,
      });
    }

  // The real thing: a bundle, its parts one after another, each filmed once, until it is whole.
  const packed = await pack(new Uint8Array(Buffer.from(asked.bundle, "base64")));
  const { blocks, part } = makeParts(packed);
  const runs = [];
  for (const distance of asked.distances) {
    const [chance, collector] = [chanceOf(distance), openCollector()];
    let shown = 0;
    for (; shown < 20 * blocks; shown += 1) {
      const text = await reads(picture(part(shown), distance, chance));
      if (text !== null && collector.take(text).type === "whole") break;
    }
    runs.push({ distance_mm: distance, codes: shown + 1, seconds: (shown + 1) / asked.per_second });
  }
  process.stdout.write(JSON.stringify({ table, packed: packed.body.length, blocks, runs }));
};

await main();
