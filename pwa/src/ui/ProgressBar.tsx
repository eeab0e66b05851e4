import type { VNode } from "preact";

/** How far a task is, as a bar and as numbers. More than all is shown as more, not hidden. */
export const ProgressBar = ({
  done,
  total,
  label,
}: {
  readonly done: number;
  readonly total: number;
  readonly label?: string;
}): VNode => {
  const share = total <= 0 ? 0 : Math.min(1, done / total);
  const look = done > total ? "over" : share === 1 ? "full" : "part";
  return (
    <span class={`progress progress-${look}`}>
      <span
        class="progress-track"
        role="progressbar"
        aria-valuenow={done}
        aria-valuemin={0}
        aria-valuemax={total}
        {...(label === undefined ? {} : { "aria-label": label })}
      >
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span class="progress-words">
        {done} / {total}
      </span>
    </span>
  );
};
