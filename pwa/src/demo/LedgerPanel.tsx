/** The ledger as it stands on the server, second by second. */
import type { VNode } from "preact";
import { tOr } from "../i18n/i18n.ts";
import { type Both, type DemoLedger } from "./ledger.ts";
import { demoLanguage, say } from "./words.ts";

const OPS_SHOWN = 6;

const of = (text: Both): string => text[demoLanguage.value];

const signed = (value: number): string => (value < 0 ? `−${String(-value)}` : `+${String(value)}`);

export const LedgerPanel = ({ ledger }: { readonly ledger: DemoLedger | null }): VNode => {
  const boxes =
    ledger?.balances.filter(
      ({ item, place, q }) => item === "TOM-5" && q !== 0 && place !== "virtual:variance",
    ) ?? [];
  return (
    <section class="demo-ledger" data-view="ledger">
      <h2>{say("ledger")}</h2>
      {ledger === null ? null : (
        <>
          <h3>{say("variances")}</h3>
          {ledger.variances.length === 0 ? <p class="is-quiet">{say("noVariance")}</p> : null}
          {ledger.variances
            .filter(({ dq }) => dq !== 0)
            .map((variance) => (
              <div key={variance.key} class="demo-variance">
                <strong>{signed(variance.dq)}</strong>
                <span>{of(variance)}</span>
              </div>
            ))}
          <h3>{say("stock")}</h3>
          <table>
            <tbody>
              {boxes.map((row) => (
                <tr key={row.key}>
                  <td>{of(row.where)}</td>
                  <td class="is-lot">{row.lot}</td>
                  <td class={row.q < 0 ? "is-number is-bad" : "is-number"}>{of(row.amount)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <h3>
            {say("exceptions")} ({ledger.exceptions.length})
          </h3>
          <ul>
            {ledger.exceptions.map((exception) => (
              <li key={exception.id}>{of(exception)}</li>
            ))}
          </ul>
          <h3>{say("ops")}</h3>
          <ul class="demo-ops">
            {ledger.ops.slice(0, OPS_SHOWN).map((op) => (
              <li key={op.index}>
                <code>{op.hash.slice(0, 6)}</code>
                <span>
                  {of(op.who)}{" "}
                  {demoLanguage.value === "zh"
                    ? tOr(`kind.${op.kind}`, op.kind)
                    : op.kind.replaceAll("_", " ")}{" "}
                  {op.at}
                </span>
                <small>
                  {say("uploaded")} {op.uploaded}
                </small>
              </li>
            ))}
          </ul>
          <p class="demo-checkpoint">
            {say("checkpoint")}: {ledger.size} {say("entries")} ·{" "}
            <code>{ledger.checkpoint.split("\n")[2]?.slice(0, 12)}…</code>
          </p>
        </>
      )}
    </section>
  );
};
