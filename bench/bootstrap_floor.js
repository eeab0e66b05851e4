async () => {
  // The least that these bytes cost: unpack, decode, one entry a chunk. It knows nothing of Gobi but MessagePack.
  const stored = await new Promise((told, failed) => {
    const opening = indexedDB.open("gobi");
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
      const asked = opening.result.transaction("snapshotChunks").objectStore("snapshotChunks").getAll();
      asked.onsuccess = () => (opening.result.close(), told(asked.result));
    };
  });
  const piped = async (bytes, through) =>
    new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(through)).arrayBuffer());
  const packed = await Promise.all(stored.map(({ data }) => piped(data, new CompressionStream("gzip"))));
  const texts = new TextDecoder();
  const decode = (data) => {
    const view = new DataView(data.buffer, data.byteOffset);
    let at = 0;
    const size = (bytes) => {
      let found = 0;
      for (let i = 0; i < bytes; i += 1) found = found * 256 + data[at + i];
      at += bytes;
      return found;
    };
    const list = (count) => {
      const found = new Array(count);
      for (let i = 0; i < count; i += 1) found[i] = read();
      return found;
    };
    const text = (count) => texts.decode(data.subarray(at, (at += count)));
    const read = () => {
      const code = data[at];
      at += 1;
      if (code < 0x80) return code;
      if (code >= 0xe0) return code - 256;
      if (code >= 0xa0 && code < 0xc0) return text(code - 0xa0);
      if (code >= 0x90 && code < 0xa0) return list(code - 0x90);
      switch (code) {
        case 0xc0: return null;
        case 0xc2: return false;
        case 0xc3: return true;
        case 0xc4: return data.subarray(at + 1, (at += 1 + data[at]));
        case 0xcc: return size(1);
        case 0xcd: return size(2);
        case 0xce: return size(4);
        case 0xcf: return size(8);
        case 0xd0: return (at += 1), view.getInt8(at - 1);
        case 0xd1: return (at += 2), view.getInt16(at - 2);
        case 0xd2: return (at += 4), view.getInt32(at - 4);
        case 0xd3: return (at += 8), Number(view.getBigInt64(at - 8));
        case 0xd9: return text(size(1));
        case 0xda: return text(size(2));
        case 0xdc: return list(size(2));
        case 0xdd: return list(size(4));
        default: throw new Error(`0x${code.toString(16)}`);
      }
    };
    return read();
  };
  const db = await new Promise((told, failed) => {
    const opening = indexedDB.open("floor", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("chunks");
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => told(opening.result);
  });
  const began = performance.now();
  for (const [number, bytes] of packed.entries()) {
    const data = await piped(bytes, new DecompressionStream("gzip"));
    decode(data);
    await new Promise((told, failed) => {
      const tx = db.transaction("chunks", "readwrite", { durability: "relaxed" });
      tx.objectStore("chunks").put(data, number);
      tx.oncomplete = told;
      tx.onabort = () => failed(tx.error);
    });
  }
  const seconds = (performance.now() - began) / 1000;
  db.close();
  indexedDB.deleteDatabase("floor");
  return seconds;
}
