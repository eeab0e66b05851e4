import type { VNode } from "preact";
import { Icon, type IconName } from "./Icon.tsx";

/** Why there is nothing here and what to do about it. */
export const EmptyState = ({
  icon,
  title,
  text,
  children,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly text?: string;
  readonly children?: VNode;
}): VNode => (
  <div class="empty">
    <span class="empty-icon">
      <Icon name={icon} size={44} />
    </span>
    <strong>{title}</strong>
    {text === undefined ? null : <p>{text}</p>}
    {children}
  </div>
);
