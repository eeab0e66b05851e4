/** Big squares for the acts of a home screen: a picture and a word, two in a row, each wider than a gloved thumb. */
import type { VNode } from "preact";
import { Badge, type Tint } from "./Chip.tsx";
import { Icon, type IconName } from "./Icon.tsx";
import { pressed } from "./press.ts";

export interface Tile {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  readonly hint?: string;
  readonly count?: number;
  readonly tint?: Tint;
  readonly onPress: () => void;
}

export const Tiles = ({
  tiles,
  label,
}: {
  readonly tiles: readonly Tile[];
  readonly label: string;
}): VNode => (
  <div class="tiles" role="group" aria-label={label}>
    {tiles.map(({ id, label: name, icon, hint, count, tint = "plain", onPress }) => (
      <button key={id} type="button" class={`tile edge-${tint}`} onClick={() => pressed(onPress)}>
        <span class="tile-icon">
          <Icon name={icon} size={34} />
          {count === undefined ? null : <Badge count={count} tint={tint === "plain" ? "warn" : tint} />}
        </span>
        <span class="tile-label">{name}</span>
        {hint === undefined ? null : <small>{hint}</small>}
      </button>
    ))}
  </div>
);
