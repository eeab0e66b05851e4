/** A screen as a chunk of its own: fetched when first opened, from the precache when there is no network. */
import type { FunctionComponent, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t, wholeCatalogue } from "../i18n/i18n.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Button } from "../ui/Button.tsx";

/** Parts of the path after the screen's own name. */
export interface ScreenProps {
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

export type ScreenComponent = FunctionComponent<ScreenProps>;

export const lazyScreen = (load: () => Promise<ScreenComponent>): ScreenComponent => {
  let loaded: ScreenComponent | undefined;
  return (props): VNode | null => {
    const [failed, setFailed] = useState(false);
    const [, setReady] = useState(loaded !== undefined);
    const fetchIt = (): void => {
      setFailed(false);
      Promise.all([load(), wholeCatalogue()]).then(
        ([component]) => {
          loaded = component;
          setReady(true);
        },
        () => setFailed(true),
      );
    };
    useEffect(() => {
      if (loaded === undefined) fetchIt();
    }, []);
    if (failed) {
      return (
        <div class="shell shell-center">
          <EmptyState icon="cloudOff" title={t("app.screenMissing")} text={t("app.screenMissingHint")}>
            <Button label={t("do.retry")} icon="sync" onPress={fetchIt} />
          </EmptyState>
        </div>
      );
    }
    const Loaded = loaded;
    return Loaded === undefined ? null : <Loaded {...props} />;
  };
};

/** What works beside the first screen and is not seen: fetched when that stands, and nothing is said if it does not come. */
export const lazyBeside = <P extends object = object>(
  load: () => Promise<FunctionComponent<P>>,
): FunctionComponent<P> => {
  let loaded: FunctionComponent<P> | undefined;
  return (props): VNode | null => {
    const [, setReady] = useState(loaded !== undefined);
    useEffect(() => {
      if (loaded !== undefined) return;
      load().then(
        (component) => {
          loaded = component;
          setReady(true);
        },
        () => undefined,
      );
    }, []);
    const Loaded = loaded;
    return Loaded === undefined ? null : <Loaded {...props} />;
  };
};
