/** What rises from the bottom, where the thumb is. Built on the native dialog: focus stays in, Escape and Back leave. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { t } from "../i18n/i18n.ts";
import { BigButton, Button, type ButtonLook, IconButton } from "./Button.tsx";

export const Sheet = ({
  title,
  onClose,
  children,
  actions,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly actions?: ComponentChildren;
}): VNode => {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header class="sheet-head">
        <h2>{title}</h2>
        <IconButton label={t("do.close")} icon="cross" onPress={onClose} />
      </header>
      <div class="sheet-body">{children}</div>
      {actions === undefined ? null : <footer class="actions">{actions}</footer>}
    </dialog>
  );
};

export type Question = {
  readonly title: string;
  readonly text?: string;
  readonly yes: string;
  readonly no?: string;
  readonly look?: ButtonLook;
};

const asked = signal<{ readonly question: Question; readonly answer: (yes: boolean) => void } | undefined>(
  undefined,
);

/** Ask before what cannot be undone. Resolves to what the person chose; closing it is a no. */
export const confirmed = (question: Question): Promise<boolean> =>
  new Promise((resolve) => {
    asked.value?.answer(false);
    asked.value = {
      question,
      answer: (yes) => {
        asked.value = undefined;
        resolve(yes);
      },
    };
  });

/** Mount once, at the root. */
export const QuestionLayer = (): VNode | null => {
  const open = asked.value;
  if (open === undefined) return null;
  const { question, answer } = open;
  return (
    <Sheet
      title={question.title}
      onClose={() => answer(false)}
      actions={
        <>
          <Button label={question.no ?? t("do.cancel")} onPress={() => answer(false)} />
          <BigButton label={question.yes} look={question.look ?? "primary"} onPress={() => answer(true)} />
        </>
      }
    >
      {question.text === undefined ? null : <p class="sheet-text">{question.text}</p>}
    </Sheet>
  );
};
