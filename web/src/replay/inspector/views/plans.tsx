/** What is to be done, and what a person decided about it. */
import { JsonTree } from "../../text/JsonTree";
import { Markdown } from "../../text/Markdown";
import { VisibleText } from "../../text/VisibleText";
import { Block, LongBlock } from "../Part";
import { type Fields as FieldsOf, isRecord, record, records, textField } from "../rawLine";
import { Fields, Lead, NameList, Notice, Subject } from "./pieces";
import type { CallScene, ToolView } from "./view";

const TODO_WORDS: Record<string, string> = { completed: "done", in_progress: "in progress", pending: "open" };

function Checklist({ todos, before }: { todos: unknown; before: unknown }) {
  if (!Array.isArray(todos)) return <JsonTree value={todos} />;
  const states = new Map(records(before).map((todo) => [String(todo.content ?? ""), todo.status]));
  const done = todos.filter((todo) => isRecord(todo) && todo.status === "completed").length;
  return (
    <>
      <p className="sr-note">
        {done} of {todos.length} done
      </p>
      <ul className="sr-todos">
        {todos.map((todo, index) => {
          const item = isRecord(todo) ? todo : { content: String(todo) };
          const status = typeof item.status === "string" ? item.status : "pending";
          const words = String(item.content ?? item.subject ?? "");
          const was = states.get(words);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: todos have no identity, and the list never changes
            <li key={index} className={Object.hasOwn(TODO_WORDS, status) ? `sr-todo-${status}` : undefined}>
              <span className="sr-todo-mark">{todoWord(status)}</span>
              <span className="sr-todo-text">
                <VisibleText text={words} />
              </span>
              {typeof was === "string" && was !== status && (
                <span className="sr-todo-was">was {todoWord(was)}</span>
              )}
              {was === undefined && states.size > 0 && <span className="sr-todo-was">new</span>}
            </li>
          );
        })}
      </ul>
    </>
  );
}

function todoWord(status: string): string {
  return Object.hasOwn(TODO_WORDS, status) ? (TODO_WORDS[status] ?? status) : status;
}

export const TODOS: ToolView = {
  input: ({ input, outcome }) => (
    <>
      <Checklist todos={input.todos} before={outcome.oldTodos} />
      <Fields fields={input} without={["todos"]} />
    </>
  ),
};

export const QUESTIONS: ToolView = {
  input: ({ input, outcome }) => {
    if (!Array.isArray(input.questions)) return <Fields fields={input} />;
    return (
      <>
        {records(input.questions).map((question, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: questions have no identity, and the list never changes
          <Question key={index} question={question} answers={record(outcome.answers)} />
        ))}
        <Fields fields={input} without={["questions"]} />
      </>
    );
  },
  output: ({ outcome }) => {
    const answers = Object.entries(record(outcome.answers));
    if (answers.length === 0) return null;
    return (
      <>
        <dl className="sr-answers">
          {answers.map(([question, answer]) => (
            <div key={question}>
              <dt>
                <VisibleText text={question} />
              </dt>
              <dd>
                <VisibleText text={answerWords(answer)} />
              </dd>
            </div>
          ))}
        </dl>
        {Object.keys(record(outcome.annotations)).length > 0 && (
          <Block label="notes" copy={() => JSON.stringify(outcome.annotations, null, 2)}>
            <JsonTree value={outcome.annotations} />
          </Block>
        )}
      </>
    );
  },
};

function answerWords(answer: unknown): string {
  if (typeof answer === "string") return answer;
  return Array.isArray(answer) ? answer.map(String).join(", ") : JSON.stringify(answer);
}

function Question({ question, answers }: { question: FieldsOf; answers: FieldsOf }) {
  const words = String(question.question ?? question.header ?? "");
  const answer = Object.hasOwn(answers, words) ? answerWords(answers[words]) : null;
  const options = Array.isArray(question.options) ? question.options : [];
  const labels = options.map((option) => String(isRecord(option) ? (option.label ?? "") : option));
  // Several choices are told as one text with commas between them.
  const isChosen = (label: string) =>
    answer !== null &&
    (answer === label || (question.multiSelect === true && answer.split(/,\s*/).includes(label)));
  return (
    <section className="sr-question">
      {textField(question, "header") !== null && (
        <span className="sr-badge">
          <VisibleText text={textField(question, "header") ?? ""} />
        </span>
      )}
      <h3>
        <VisibleText text={words} />
      </h3>
      {question.multiSelect === true && <p className="sr-note">Several choices are possible.</p>}
      <ul className="sr-options">
        {options.map((option, index) => {
          const label = labels[index] ?? "";
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: options have no identity, and the list never changes
            <li key={index} className={isChosen(label) ? "sr-option-chosen" : undefined}>
              <b>
                <VisibleText text={label} />
              </b>
              {isChosen(label) && <span className="sr-badge sr-badge-created">chosen</span>}
              {isRecord(option) && typeof option.description === "string" && (
                <span className="sr-option-words">
                  <VisibleText text={option.description} />
                </span>
              )}
            </li>
          );
        })}
        {answer !== null && !labels.some(isChosen) && (
          <li className="sr-option-chosen">
            <b>
              <VisibleText text={answer} />
            </b>
            <span className="sr-badge sr-badge-created">own answer</span>
          </li>
        )}
      </ul>
    </section>
  );
}

function planInput({ input, outcome }: CallScene) {
  const plan = textField(input, "plan") ?? textField(outcome, "plan");
  const prompts = records(input.allowedPrompts).map((one) => `${one.tool ?? "?"}: ${one.prompt ?? "?"}`);
  return (
    <>
      {plan === null ? (
        <Notice text="The call holds no plan; it lies in a file beside the transcript." />
      ) : (
        <LongBlock label="plan" text={plan}>
          {(text) => <Markdown text={text} />}
        </LongBlock>
      )}
      <NameList label="permissions asked for with the plan" names={prompts} />
      <Fields
        fields={input}
        without={[
          ...(typeof input.plan === "string" ? ["plan"] : []),
          ...(prompts.length > 0 ? ["allowedPrompts"] : []),
        ]}
      />
    </>
  );
}

export const PLAN: ToolView = {
  input: planInput,
  output: ({ result, outcome }) => {
    const file = textField(outcome, "filePath");
    if (result.is_error || !result.content.some((part) => /approved/i.test(part.text ?? ""))) return null;
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
      <Fields fields={input} />
    </>
  ),
  output: ({ outcome }) => {
    const message = textField(outcome, "message");
    return message === null ? null : <Notice tone="good" text={message} />;
  },
};
