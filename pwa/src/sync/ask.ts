/** Questions that only the server can answer: JSON routes, asked as this device and in the session of the person. */
import { utf8 } from "../codec/bytes.ts";
import type { Core } from "./core.ts";
import type { Answer } from "./ledger-types.ts";

interface Asking {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: unknown;
}

export const ask = async (
  { keeper, courier, ports }: Core,
  path: string,
  { method, body }: Asking = {},
): Promise<Answer> => {
  const { device, phone } = keeper.memory();
  if (device === null || phone === null) return { ok: false, type: "not-enrolled" };
  const answer = await courier.send(device, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    path,
    ...(body === undefined ? {} : { body: utf8(JSON.stringify(body)), type: "application/json" }),
    proves: true,
    session: phone.session,
    nowMs: ports.wallMs(),
  });
  if (!answer.ok) {
    if (answer.type === "offline") return { ok: false, type: "offline" };
    const { status, code, detail } = answer;
    return { ok: false, type: "refused", status, code, detail };
  }
  try {
    const text = await answer.value.text();
    return { ok: true, body: text === "" ? null : JSON.parse(text) };
  } catch {
    return { ok: false, type: "offline" };
  }
};
