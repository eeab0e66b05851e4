/** Every screen by the first part of its path. What most people open first is in the first chunk; the rest come when asked for. */
import { HomeScreen } from "../screens/home/HomeScreen.tsx";
import { SignInScreen } from "../screens/sign-in/SignInScreen.tsx";
import { type ScreenComponent, lazyScreen } from "./lazy-screen.tsx";

export const homeScreen: ScreenComponent = HomeScreen;
export const signInScreen: ScreenComponent = SignInScreen;
export const enrolScreen = lazyScreen(
  async () => (await import("../screens/enrol/EnrolScreen.tsx")).EnrolScreen,
);

export const SCREENS: Readonly<Record<string, ScreenComponent>> = {
  receive: lazyScreen(async () => (await import("../screens/receive/ReceiveScreen.tsx")).ReceiveScreen),
  pick: lazyScreen(async () => (await import("../screens/pick/PickScreen.tsx")).PickScreen),
  move: lazyScreen(async () => (await import("../screens/move/MoveScreen.tsx")).MoveScreen),
  transform: lazyScreen(
    async () => (await import("../screens/transform/TransformScreen.tsx")).TransformScreen,
  ),
  count: lazyScreen(async () => (await import("../screens/count/CountScreen.tsx")).CountScreen),
  stop: lazyScreen(async () => (await import("../screens/stop/StopScreen.tsx")).StopScreen),
  return: lazyScreen(async () => (await import("../screens/stop/ReturnScreen.tsx")).ReturnScreen),
  payment: lazyScreen(async () => (await import("../screens/stop/PaymentScreen.tsx")).PaymentScreen),
  harvest: lazyScreen(async () => (await import("../screens/farm/HarvestScreen.tsx")).HarvestScreen),
  work: lazyScreen(async () => (await import("../screens/farm/FarmWorkScreen.tsx")).FarmWorkScreen),
  certificate: lazyScreen(
    async () => (await import("../screens/farm/CertificateScreen.tsx")).CertificateScreen,
  ),
  outbox: lazyScreen(async () => (await import("../screens/outbox/OutboxScreen.tsx")).OutboxScreen),
  relay: lazyScreen(async () => (await import("../screens/relay/ShowScreen.tsx")).ShowScreen),
  carry: lazyScreen(async () => (await import("../screens/relay/ReadScreen.tsx")).ReadScreen),
  exceptions: lazyScreen(
    async () => (await import("../screens/exceptions/ExceptionsScreen.tsx")).ExceptionsScreen,
  ),
  stock: lazyScreen(async () => (await import("../screens/stock/StockScreen.tsx")).StockScreen),
  lot: lazyScreen(async () => (await import("../screens/stock/LotScreen.tsx")).LotScreen),
  orders: lazyScreen(async () => (await import("../screens/desk/OrdersScreen.tsx")).OrdersScreen),
  tasks: lazyScreen(async () => (await import("../screens/desk/TaskScreen.tsx")).TaskScreen),
  promises: lazyScreen(async () => (await import("../screens/desk/PromisesScreen.tsx")).PromisesScreen),
  phones: lazyScreen(async () => (await import("../screens/desk/PhonesScreen.tsx")).PhonesScreen),
  statements: lazyScreen(async () => (await import("../screens/desk/StatementsScreen.tsx")).StatementsScreen),
  settle: lazyScreen(async () => (await import("../screens/desk/SettleScreen.tsx")).SettleScreen),
  "as-of": lazyScreen(async () => (await import("../screens/desk/AsOfScreen.tsx")).AsOfScreen),
  scan: lazyScreen(async () => (await import("../screens/scan/ScanScreen.tsx")).ScanScreen),
  settings: lazyScreen(async () => (await import("../screens/settings/SettingsScreen.tsx")).SettingsScreen),
};
