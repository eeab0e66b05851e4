/** What is loaded before the first screen: little, and every word that it says. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { zhCN } from "../src/i18n/zh-CN.ts";
import { zhFirst } from "../src/i18n/zh-first.ts";

const SOURCES = resolve(import.meta.dirname, "../src");

/** Every module that runs before the first screen: reached from `main.tsx` without an `import()`. */
const firstModules = (): ReadonlyMap<string, string> => {
  const seen = new Map<string, string>();
  const visit = (path: string): void => {
    if (seen.has(path) || !existsSync(path)) return;
    const text = readFileSync(path, "utf8");
    seen.set(path, text);
    for (const [, kind, from] of text.matchAll(/^(import|export) (?!type )[^;]*?"(\.[^"]+\.tsx?)";/gm)) {
      if (kind !== undefined && from !== undefined) visit(resolve(dirname(path), from));
    }
  };
  visit(resolve(SOURCES, "main.tsx"));
  return seen;
};

const said = (text: string): string[] =>
  [...text.matchAll(/"([a-z]+\.[\w.-]+)"/g)].flatMap(([, key]) =>
    key !== undefined && key in zhCN ? [key] : [],
  );

describe("before the first screen", () => {
  const modules = firstModules();
  const names = [...modules.keys()].map((path) => path.slice(SOURCES.length + 1));

  it("every word that it can say is there", () => {
    const words = [...modules].flatMap(([path, text]) => (path.includes("/i18n/zh") ? [] : said(text)));
    expect(words.length).toBeGreaterThan(50);
    expect([...new Set(words)].filter((key) => !(key in zhFirst))).toStrictEqual([]);
  });

  it("nothing is loaded that only meets the server, scans, measures or updates", () => {
    const later = new Set([
      "sync/exchange.ts",
      "sync/deeds.ts",
      "ui/ScanBox.tsx",
      "ui/NumberPad.tsx",
      "app/service-worker.ts",
    ]);
    expect(names).toContain("screens/home/HomeScreen.tsx");
    expect(names.filter((name) => later.has(name))).toStrictEqual([]);
  });
});
