// Draws barcodes for the camera tests: reads a JSON list of {text, format, options} from standard input and writes a
// list of {width, height, pixels}, one byte a module (0 black), base64. The writer is the reader's own library, which
// is no proof of the standard: golden element strings are, in tests/vectors/domain.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname, resolve } from "node:path";

const library = resolve(dirname(fileURLToPath(import.meta.url)), "../../pwa/node_modules/zxing-wasm/dist");
const { prepareZXingModule, writeBarcode } = await import(`${library}/es/writer/index.js`);
const wasm = readFileSync(`${library}/writer/zxing_writer.wasm`);
prepareZXingModule({ overrides: { wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) } });

const drawn = [];
for (const { text, format, options } of JSON.parse(readFileSync(0, "utf8"))) {
  const { error, symbol } = await writeBarcode(text, { format, options: options ?? "" });
  if (error) throw new Error(`${format} ${text}: ${error}`);
  const { width, height, data } = symbol;
  drawn.push({ width, height, pixels: Buffer.from(data).toString("base64") });
}
process.stdout.write(JSON.stringify(drawn));
