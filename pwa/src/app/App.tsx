/** Which screen is shown: enrol, sign in, or the one of the route; and what lies over all of them. */
import type { VNode } from "preact";
import type { Ledger } from "../sync/ledger-types.ts";
import { t } from "../i18n/i18n.ts";
import { FeedbackLayer } from "../ui/feedback.tsx";
import { Icon } from "../ui/Icon.tsx";
import { route } from "../ui/router.ts";
import { QuestionLayer } from "../ui/Sheet.tsx";
import { LedgerContext } from "./ledger-context.ts";
import { lazyBeside } from "./lazy-screen.tsx";
import { requestUpdate, updateReady, updateWanted } from "./pwa.ts";
import {
  SCREENS,
  enrolScreen as EnrolScreen,
  homeScreen as HomeScreen,
  signInScreen as SignInScreen,
} from "./routes.ts";

const WedgeField = lazyBeside(async () => (await import("../ui/ScanBox.tsx")).WedgeField);

/** Work leaves a phone, and other phones' work comes along, whoever is signed in. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set(["outbox", "relay", "carry", "settings"]);

const Shown = ({ ledger }: { readonly ledger: Ledger }): VNode => {
  const { path, query } = route.value;
  const [name = "", ...rest] = path;
  const { device, person } = ledger.state;
  // An enrolment link wins even on a phone that is enrolled: the screen says what it would replace.
  if (device.value === null || name === "enrol") {
    return <EnrolScreen key={query.toString()} rest={rest} query={query} />;
  }
  if (person.value === null && !OPEN_TO_ALL.has(name)) return <SignInScreen rest={rest} query={query} />;
  const Chosen = SCREENS[name];
  return Chosen === undefined ? (
    <HomeScreen rest={rest} query={query} />
  ) : (
    <Chosen key={path.join("/")} rest={rest} query={query} />
  );
};

const UpdatePill = (): VNode | null =>
  updateReady.value ? (
    <button type="button" class="update-pill" onClick={requestUpdate}>
      <Icon name="download" size={20} />
      {updateWanted.value ? t("update.waiting") : `${t("update.ready")} · ${t("update.now")}`}
    </button>
  ) : null;

export const App = ({ ledger }: { readonly ledger: Ledger }): VNode => (
  <LedgerContext.Provider value={ledger}>
    <WedgeField />
    <Shown ledger={ledger} />
    <UpdatePill />
    <QuestionLayer />
    <FeedbackLayer />
  </LedgerContext.Provider>
);
