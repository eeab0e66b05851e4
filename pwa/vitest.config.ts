import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  define: { __PRECACHE__: "[]", __BUILD__: JSON.stringify("test") },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    environment: "node",
    passWithNoTests: true,
    // The suites share two cores with pytest's databases and browsers.
    maxWorkers: 2,
    testTimeout: 30_000,
    restoreMocks: true,
  },
});
