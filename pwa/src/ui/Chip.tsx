/** A state as shape, colour and word together: none of the three alone survives sunlight, gloves or colour blindness. */
import type { VNode } from "preact";
import { Icon, type IconName } from "./Icon.tsx";

export type Tint = "ok" | "warn" | "bad" | "info" | "plain";

const SHAPES: Readonly<Record<Tint, IconName | undefined>> = {
  ok: "check",
  warn: "alert",
  bad: "cross",
  info: "info",
  plain: undefined,
};

export const Chip = ({
  label,
  tint = "plain",
  icon = SHAPES[tint],
}: {
  readonly label: string;
  readonly tint?: Tint;
  readonly icon?: IconName | undefined;
}): VNode => (
  <span class={`chip tint-${tint}`}>
    {icon === undefined ? null : <Icon name={icon} size={18} />}
    {label}
  </span>
);

/** A number that waits for someone. Nothing at zero. */
export const Badge = ({
  count,
  tint = "bad",
}: {
  readonly count: number;
  readonly tint?: Tint;
}): VNode | null =>
  count === 0 ? null : <span class={`badge tint-${tint}`}>{count > 99 ? "99+" : count}</span>;

/** A line that must be read before going on. */
export const Notice = ({
  tint,
  title,
  text,
  children,
}: {
  readonly tint: Exclude<Tint, "plain">;
  readonly title: string;
  readonly text?: string;
  readonly children?: VNode | readonly VNode[];
}): VNode => (
  <div class={`notice tint-${tint}`} role={tint === "bad" ? "alert" : "note"}>
    <Icon name={SHAPES[tint] ?? "info"} size={28} />
    <div>
      <strong>{title}</strong>
      {text === undefined ? null : <p>{text}</p>}
      {children}
    </div>
  </div>
);
