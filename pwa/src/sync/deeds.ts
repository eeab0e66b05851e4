/** What the ledger does, as against what it shows: one chunk, loaded as soon as the first screen stands. */
export { ask } from "./ask.ts";
export { exportFrames, importFrames } from "./bundle.ts";
export { openCore } from "./core.ts";
export { attachEvidence, findEvidence, uploadEvidence } from "./evidence.ts";
export { addPerson, signIn, signOut } from "./people.ts";
export { openTriggers } from "./triggers.ts";
