/** What the ledger does, as against what it shows: one chunk, loaded as soon as the first screen stands. */
export { askAcknowledgement, fetchAcknowledgements } from "./acknowledged.ts";
export { ask } from "./ask.ts";
export {
  dropCarried,
  exportFrames,
  framesAsPackage,
  sendAgain,
  signedAsPackage,
  takeBundle,
  takePackage,
} from "./bundle.ts";
export { openCore } from "./core.ts";
export { attachEvidence, findEvidence, uploadEvidence } from "./evidence.ts";
export { addPerson, signIn, signOut } from "./people.ts";
export { openTriggers } from "./triggers.ts";
export { wipeSafetyOf } from "./wipe.ts";
