/**
 * The frame of every screen: title and state above, content that scrolls, acts below where the thumb is.
 * The primary act comes last in `actions`, nearest to the edge; it is a `BigButton`.
 */
import type { ComponentChildren, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { Badge } from "./Chip.tsx";
import { IconButton } from "./Button.tsx";
import { Icon, type IconName } from "./Icon.tsx";
import { pressed } from "./press.ts";
import { SyncChip, type SyncSummary } from "./SyncChip.tsx";

export type NavItem = {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  readonly count?: number;
  readonly onPress: () => void;
};

export type AppShellProps = {
  readonly title: string;
  readonly subtitle?: string;
  readonly onBack?: () => void;
  readonly sync?: SyncSummary;
  readonly onSync?: () => void;
  /** The person who is answerable for what is recorded now. */
  readonly person?: string;
  readonly onPerson?: () => void;
  /** Secondary acts first, the `BigButton` last. */
  readonly actions?: ComponentChildren;
  /** The places of a home screen; a screen deeper inside has actions instead. */
  readonly nav?: readonly NavItem[];
  readonly navChosen?: string;
  /** Desks have room: two columns from 900 px. */
  readonly wide?: boolean;
  readonly children: ComponentChildren;
};

const Nav = ({
  items,
  chosen,
}: {
  readonly items: readonly NavItem[];
  readonly chosen?: string | undefined;
}): VNode => (
  <nav class="nav">
    {items.map(({ id, label, icon, count, onPress }) => (
      <button
        key={id}
        type="button"
        {...(id === chosen ? { "aria-current": "page" as const } : {})}
        onClick={() => pressed(onPress)}
      >
        <span class="nav-icon">
          <Icon name={icon} size={26} />
          {count === undefined ? null : <Badge count={count} />}
        </span>
        {label}
      </button>
    ))}
  </nav>
);

export const AppShell = ({
  title,
  subtitle,
  onBack,
  sync,
  onSync,
  person,
  onPerson,
  actions,
  nav,
  navChosen,
  wide,
  children,
}: AppShellProps): VNode => {
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title]);
  return (
    <div class={`shell ${wide === true ? "shell-wide" : ""}`}>
      <header class="top">
        {onBack === undefined ? null : <IconButton label={t("do.back")} icon="back" onPress={onBack} />}
        <div class="top-words">
          <h1>{title}</h1>
          {subtitle === undefined ? null : <p>{subtitle}</p>}
        </div>
        {sync === undefined ? null : (
          <SyncChip sync={sync} {...(onSync === undefined ? {} : { onPress: onSync })} />
        )}
        {person === undefined ? null : (
          <button
            type="button"
            class="person"
            aria-label={person}
            title={person}
            onClick={() => pressed(() => onPerson?.())}
          >
            {person.slice(0, 1)}
          </button>
        )}
      </header>
      <main class="content">{children}</main>
      {actions === undefined ? null : <footer class="actions">{actions}</footer>}
      {nav === undefined ? null : <Nav items={nav} chosen={navChosen} />}
    </div>
  );
};

/** Secondary acts side by side, above the primary one. */
export const ActionRow = ({ children }: { readonly children: ComponentChildren }): VNode => (
  <div class="action-row">{children}</div>
);
