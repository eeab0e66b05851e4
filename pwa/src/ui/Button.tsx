/** Two sizes: the one act that the screen is for, and everything else. */
import type { ComponentChildren, VNode } from "preact";
import { Icon, type IconName } from "./Icon.tsx";
import { pressed } from "./press.ts";

export type ButtonLook = "primary" | "secondary" | "quiet" | "danger" | "warn";

export type ButtonProps = {
  readonly label: string;
  readonly onPress: () => void;
  readonly icon?: IconName;
  /** A second, smaller line: what will happen, or why it cannot. */
  readonly hint?: string;
  readonly look?: ButtonLook;
  readonly disabled?: boolean;
  /** Work is under way; the button keeps its size and takes no second press. */
  readonly busy?: boolean;
};

const face = (label: string, icon: IconName | undefined, hint: string | undefined): ComponentChildren => (
  <>
    {icon === undefined ? null : <Icon name={icon} size={28} />}
    <span class="button-words">
      <span>{label}</span>
      {hint === undefined ? null : <small>{hint}</small>}
    </span>
  </>
);

/** The primary action of a screen: full width, 84 px, in reach of the thumb. One per screen. */
export const BigButton = ({
  label,
  onPress,
  icon,
  hint,
  look = "primary",
  disabled,
  busy,
}: ButtonProps): VNode => (
  <button
    type="button"
    class={`button button-big look-${look}`}
    disabled={disabled === true || busy === true}
    aria-busy={busy === true}
    onClick={() => pressed(onPress)}
  >
    {face(label, busy === true ? "sync" : icon, hint)}
  </button>
);

export const Button = ({
  label,
  onPress,
  icon,
  hint,
  look = "secondary",
  disabled,
  busy,
}: ButtonProps): VNode => (
  <button
    type="button"
    class={`button look-${look}`}
    disabled={disabled === true || busy === true}
    aria-busy={busy === true}
    onClick={() => pressed(onPress)}
  >
    {face(label, busy === true ? "sync" : icon, hint)}
  </button>
);

/** A square button whose word is only spoken; use it where the picture is beyond doubt. */
export const IconButton = ({
  label,
  icon,
  onPress,
  pressedIn,
}: {
  readonly label: string;
  readonly icon: IconName;
  readonly onPress: () => void;
  readonly pressedIn?: boolean;
}): VNode => (
  <button
    type="button"
    class="icon-button"
    aria-label={label}
    title={label}
    {...(pressedIn === undefined ? {} : { "aria-pressed": pressedIn })}
    onClick={() => pressed(onPress)}
  >
    <Icon name={icon} size={28} />
  </button>
);
