/** What is to be done, and what a person decided about it. */
import { Fragment, type ReactNode } from "react";
import { JsonTree } from "../../text/JsonTree";
import { Markdown } from "../../text/Markdown";
import { VisibleText } from "../../text/VisibleText";
import { Block, LongBlock } from "../Part";
import type { Fields as FieldsOf } from "../rawLine";
import type { Reading } from "../reading";
import { Fields, Lead, NameList, Notice, Remnant, Subject, wordsOf } from "./pieces";
import type { CallScene, ToolView } from "./view";

const TODO_WORDS: Record<string, string> = { completed: "done", in_progress: "in progress", pending: "open" };

interface Todo {
  words: string;
  status: string | null;
}

function todoOf(todo: Reading | string): Todo {
  if (typeof todo === "string") return { words: todo, status: null };
  const status = todo.text("status");
  return { words: todo.text("content") ?? todo.text("subject") ?? wordsOf(todo.rest()), status };
}

function checklist(todos: readonly (Reading | string)[], before: readonly Todo[]): ReactNode {
  const states = new Map(before.map(({ words, status }) => [words, status]));
  const items = todos.map((todo) => ({ ...todoOf(todo), todo }));
  const done = items.filter(({ status }) => status === "completed").length;
  const gone = before.filter(({ words }) => !items.some((item) => item.words === words));
  return (
    <>
      <p className="sr-note">
        {done} of {items.length} done
      </p>
      <ul className="sr-todos">
        {items.map(({ todo, words, status }, index) => {
          const now = status ?? "pending";
          const was = states.get(words);
          // The same in the words for while it is done.
          const active = typeof todo === "string" ? null : todo.text("activeForm");
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: todos have no identity, and the list never changes
            <li key={index} className={Object.hasOwn(TODO_WORDS, now) ? `sr-todo-${now}` : undefined}>
              <span className="sr-todo-mark">{todoWord(now)}</span>
              <span className="sr-todo-text" title={active ?? undefined}>
                <VisibleText text={words} />
                {typeof todo !== "string" && <Remnant fields={todo.rest()} />}
              </span>
              {typeof was === "string" && was !== now && (
                <span className="sr-todo-was">was {todoWord(was)}</span>
              )}
              {was === undefined && states.size > 0 && <span className="sr-todo-was">new</span>}
            </li>
          );
        })}
      </ul>
      <NameList
        label="no longer listed"
        names={gone.map(({ words, status }) =>
          [words, status && todoWord(status)].filter(Boolean).join(" · "),
        )}
      />
    </>
  );
}

function todoWord(status: string): string {
  return Object.hasOwn(TODO_WORDS, status) ? (TODO_WORDS[status] ?? status) : status;
}

export const TODOS: ToolView = {
  input: ({ input, outcome }) => {
    const todos = input.members("todos");
    const before = outcome.members("oldTodos") ?? [];
    return (
      <>
        {todos !== null && checklist(todos, before.map(todoOf))}
        <Fields fields={input.rest()} />
      </>
    );
  },
};

export const QUESTIONS: ToolView = {
  input: ({ input, outcome }) => {
    const questions = input.members("questions") ?? [];
    const answers = outcome.record("answers").rest();
    return (
      <>
        {questions.map((question, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: questions have no identity, and the list never changes
          <Fragment key={index}>{questionCard(question, answers)}</Fragment>
        ))}
        <Fields fields={input.rest()} />
      </>
    );
  },
  output: ({ outcome }) => {
    const answers = Object.entries(outcome.record("answers").rest());
    if (answers.length === 0) return null;
    const notes = outcome.record("annotations").rest();
    return (
      <>
        <dl className="sr-answers">
          {answers.map(([question, answer]) => (
            <div key={question}>
              <dt>
                <VisibleText text={question} />
              </dt>
              <dd>
                <VisibleText text={wordsOf(answer)} />
              </dd>
            </div>
          ))}
        </dl>
        {Object.keys(notes).length > 0 && (
          <Block label="notes" copy={() => JSON.stringify(notes, null, 2)}>
            <JsonTree value={notes} />
          </Block>
        )}
      </>
    );
  },
};

function questionCard(question: Reading | string, answers: FieldsOf): ReactNode {
  if (typeof question === "string") return <Lead text={question} />;
  const [asked, header] = [question.text("question"), question.text("header")];
  const words = asked ?? header ?? "";
  const several = question.flag("multiSelect");
  const answer = Object.hasOwn(answers, words) ? wordsOf(answers[words]) : null;
  const options = (question.members("options") ?? []).map((option) =>
    typeof option === "string"
      ? { label: option, words: null, option: null }
      : { label: option.text("label") ?? "", words: option.text("description"), option },
  );
  // Several choices are told as one text with commas between them.
  const isChosen = (label: string) =>
    answer !== null && (answer === label || (several && answer.split(/,\s*/).includes(label)));
  return (
    <section className="sr-question">
      {header !== null && (
        <span className="sr-badge">
          <VisibleText text={header} />
        </span>
      )}
      <h3>
        <VisibleText text={words} />
      </h3>
      {several && <p className="sr-note">Several choices are possible.</p>}
      <ul className="sr-options">
        {options.map(({ label, words, option }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: options have no identity, and the list never changes
          <li key={index} className={isChosen(label) ? "sr-option-chosen" : undefined}>
            {label !== "" && (
              <b>
                <VisibleText text={label} />
              </b>
            )}
            {isChosen(label) && <span className="sr-badge sr-badge-created">chosen</span>}
            {words !== null && (
              <span className="sr-option-words">
                <VisibleText text={words} />
              </span>
            )}
            {option !== null && <Remnant fields={option.rest()} />}
          </li>
        ))}
        {answer !== null && !options.some(({ label }) => isChosen(label)) && (
          <li className="sr-option-chosen">
            <b>
              <VisibleText text={answer} />
            </b>
            <span className="sr-badge sr-badge-created">own answer</span>
          </li>
        )}
      </ul>
      <Fields fields={question.rest()} />
    </section>
  );
}

function planInput({ input, outcome }: CallScene) {
  const plan = input.text("plan") ?? outcome.text("plan");
  const prompts = input
    .records("allowedPrompts")
    ?.map((one) => `${one.text("tool") ?? "?"}: ${one.text("prompt") ?? "?"}`);
  return (
    <>
      {plan !== null && (
        <LongBlock label="plan" text={plan}>
          {(text) => <Markdown text={text} />}
        </LongBlock>
      )}
      {plan === null && !input.isLeft("plan") && (
        <Notice text="The call holds no plan; it lies in a file beside the transcript." />
      )}
      <NameList label="permissions asked for with the plan" names={prompts ?? null} />
      <Fields fields={input.rest()} />
    </>
  );
}

export const PLAN: ToolView = {
  input: planInput,
  output: ({ result, outcome }) => {
    if (result.is_error || !result.content.some((part) => /approved/i.test(part.text ?? ""))) return null;
    const file = outcome.text("filePath");
    return (
      <>
        <Notice tone="good" text="The plan was approved." />
        {file !== null && <Subject name="saved as" text={file} />}
      </>
    );
  },
  facts: ({ result }) => [
    result.is_denied
      ? { text: "Rejected", tone: "bad" }
      : result.is_error && { text: "Not approved", tone: "bad" },
  ],
};

export const ENTER_PLAN: ToolView = {
  input: ({ input }) => (
    <>
      <Lead text="Asks to plan before anything is changed." />
      <Fields fields={input.rest()} />
    </>
  ),
  output: ({ outcome }) => {
    const message = outcome.text("message");
    return message === null ? null : <Notice tone="good" text={message} />;
  },
};
