/** What the demo page says; it is no part of the app and has its own few words. */
import { signal } from "@preact/signals";

export type DemoLanguage = "zh" | "en";

const first = typeof navigator !== "undefined" && navigator.language.startsWith("en") ? "en" : "zh";
export const demoLanguage = signal<DemoLanguage>(first);

const WORDS = {
  title: ["两台手机，一本账", "Two phones, one ledger"],
  lead: [
    "两个人断网各干各的，连上网后账自己对上，差在哪里说得清。",
    "Two people work offline; once they are back, the books reconcile and say why.",
  ],
  online: ["有网", "Online"],
  offline: ["断网", "Offline"],
  pending: ["条没上传", "to upload"],
  ledger: ["服务器上的账本", "The ledger on the server"],
  stock: ["番茄礼盒 5 kg", "Tomato box 5 kg"],
  variances: ["盘点差异", "Count variances"],
  noVariance: ["还没有差异", "None yet"],
  exceptions: ["要处理的异常", "Open exceptions"],
  noException: ["没有异常", "None"],
  ops: ["最近入账", "Latest records"],
  checkpoint: ["签名的检查点", "Signed checkpoint"],
  entries: ["条记录", "records"],
  step1: ["把两台手机断网", "Take both phones offline"],
  step1do: ["都断网", "Cut both"],
  step2: [
    "刘洋给老周菜行拣番茄礼盒：1121 批 40 箱、1123 批 20 箱，拣到 1 号车果蔬区",
    "Liu picks tomato boxes for Lao Zhou: 40 of lot 1121, 20 of lot 1123, onto truck zone produce",
  ],
  step2do: ["打开拣货单", "Open the order"],
  step3: ["张磊盘 1 号冷库：1123 批数到 55 箱", "Zhang counts cold room 1: 55 boxes of lot 1123"],
  step3do: ["打开盘点", "Open the count"],
  step4: ["张磊先连上网：差异 −21", "Zhang is back first: variance −21"],
  step4do: ["张磊联网", "Connect Zhang"],
  step5: [
    "刘洋再连上网：差异变成 −1，并说出那 20 箱去了哪里",
    "Liu is back: it becomes −1, and the missing 20 are explained",
  ],
  step5do: ["刘洋联网", "Connect Liu"],
  done: ["完成", "Done"],
  rest: ["演完这一天", "Play the rest of the day"],
  reset: ["重新开始", "Start again"],
  pin: ["两台手机的 PIN 都是 2468", "The PIN of both phones is 2468"],
  unreachable: ["连不上服务器，正在重试", "The server does not answer; trying again"],
  notDemo: [
    "这个服务器不是演示。请用 gobi serve --demo 启动",
    "This server is no demo: start it with gobi serve --demo",
  ],
  story: ["故事", "Story"],
  uploaded: ["上传", "uploaded"],
} as const;

export type DemoWord = keyof typeof WORDS;

export const say = (word: DemoWord): string => WORDS[word][demoLanguage.value === "zh" ? 0 : 1];
