/** Surfaces: a card groups, a row is one thing, a task card is one piece of work. */
import type { ComponentChildren, VNode } from "preact";
import type { Tint } from "./Chip.tsx";
import { Icon, type IconName } from "./Icon.tsx";
import { ProgressBar } from "./ProgressBar.tsx";
import { pressed } from "./press.ts";

export const Card = ({
  title,
  tint = "plain",
  children,
}: {
  readonly title?: string;
  readonly tint?: Tint;
  readonly children: ComponentChildren;
}): VNode => (
  <section class={`card edge-${tint}`}>
    {title === undefined ? null : <h2>{title}</h2>}
    {children}
  </section>
);

export type RowProps = {
  readonly title: string;
  readonly detail?: string;
  readonly icon?: IconName;
  readonly tint?: Tint;
  /** At the end, large: usually a quantity. */
  readonly value?: string;
  readonly unit?: string;
  /** Beside the title, below it where it is narrow: chips, a badge. */
  readonly end?: ComponentChildren;
  readonly onPress?: () => void;
  readonly selected?: boolean;
};

const rowFace = ({
  title,
  detail,
  icon,
  tint = "plain",
  value,
  unit,
  end,
  onPress,
}: RowProps): ComponentChildren => (
  <>
    {icon === undefined ? null : (
      <span class={`row-icon tint-${tint}`}>
        <Icon name={icon} />
      </span>
    )}
    <span class="row-words">
      <span class="row-head">
        <span class="row-title">{title}</span>
        {end}
      </span>
      {detail === undefined ? null : <span class="row-detail">{detail}</span>}
    </span>
    {value === undefined ? null : (
      <span class="row-value">
        {value}
        {unit === undefined ? null : <small>{unit}</small>}
      </span>
    )}
    {onPress === undefined ? null : <Icon name="forward" size={20} />}
  </>
);

/** One thing in a list, at least 64 px high. With `onPress` the whole row is the button. */
export const ListRow = (props: RowProps): VNode => {
  const { onPress, selected } = props;
  if (onPress === undefined) return <div class="row">{rowFace(props)}</div>;
  return (
    <button
      type="button"
      class="row row-press"
      {...(selected === undefined ? {} : { "aria-pressed": selected })}
      onClick={() => pressed(onPress)}
    >
      {rowFace(props)}
    </button>
  );
};

/** Rows with one border around them. */
export const List = ({
  label,
  children,
}: {
  readonly label?: string;
  readonly children: ComponentChildren;
}): VNode => (
  <div class="list" role="group" {...(label === undefined ? {} : { "aria-label": label })}>
    {label === undefined ? null : <h2 class="list-label">{label}</h2>}
    <div class="list-rows">{children}</div>
  </div>
);

/** One piece of work on a home screen: what, where, how far, how urgent. */
export const TaskCard = ({
  icon,
  title,
  detail,
  chips,
  done,
  total,
  tint = "plain",
  onPress,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly detail: string;
  readonly chips?: ComponentChildren;
  readonly done?: number;
  readonly total?: number;
  readonly tint?: Tint;
  readonly onPress: () => void;
}): VNode => (
  <button type="button" class={`card task edge-${tint}`} onClick={() => pressed(onPress)}>
    <span class="task-top">
      <span class="row-icon tint-plain">
        <Icon name={icon} size={28} />
      </span>
      <span class="row-words">
        <span class="task-title">{title}</span>
        <span class="row-detail">{detail}</span>
      </span>
      <Icon name="forward" size={20} />
    </span>
    {chips === undefined ? null : <span class="chips">{chips}</span>}
    {done === undefined || total === undefined ? null : <ProgressBar done={done} total={total} />}
  </button>
);

/** Facts as pairs: a label and what it says. */
export const Facts = ({
  facts,
}: {
  readonly facts: readonly { readonly label: string; readonly value: ComponentChildren }[];
}): VNode => (
  <dl class="facts">
    {facts.map(({ label, value }) => (
      <div key={label}>
        <dt>{label}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);
