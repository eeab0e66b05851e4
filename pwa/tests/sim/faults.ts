/** What goes wrong while one command is carried out, and how many points it passed at which something could. */
import type { Ending } from "./disk.ts";

export interface FaultPlan {
  /** The app dies at this interruption point, from 1. */
  readonly die?: number;
  /** Only the page of the command dies of it. */
  readonly dieTab?: boolean;
  /** This put and all later ones find no space, from 1. */
  readonly quota?: number;
  /** Only that put: what the app gives up then is space enough. */
  readonly quotaOnce?: boolean;
  /** It shows at the commit, as in Chromium, not at the put. */
  readonly quotaAtCommit?: boolean;
  /** This read-write transaction breaks, from 1. */
  readonly abort?: number;
}

export class Faults {
  readonly plan: FaultPlan;
  points = 0;
  #puts = 0;
  #commits = 0;

  constructor(plan: FaultPlan = {}) {
    this.plan = plan;
  }

  /** Passes an interruption point; true: this is the one to die at. */
  point(): boolean {
    this.points += 1;
    return this.points === this.plan.die;
  }

  /** Passes a put; true: it fails. */
  put(): boolean {
    this.#puts += 1;
    return this.isFull() && this.plan.quotaAtCommit !== true;
  }

  isFull(): boolean {
    const { quota, quotaOnce } = this.plan;
    if (quota === undefined || this.#puts < quota) return false;
    return quotaOnce !== true || this.#puts === quota;
  }

  commit(): Ending {
    this.#commits += 1;
    if (this.#commits === this.plan.abort) return "abort";
    return this.isFull() && this.plan.quotaAtCommit === true ? "full" : "commit";
  }
}
