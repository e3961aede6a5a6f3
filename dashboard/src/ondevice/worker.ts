import { Answers, type Outputs } from "./answer.ts";
import { verified } from "./download.ts";
import { FamiliarImages } from "./familiar.ts";
import { files, KeptModels } from "./kept.ts";
import { Preparation, type Prepared } from "./pixels.ts";
import {
  type Command,
  EngineError,
  type EngineAnswer,
  type EngineErrorCode,
  type Frame,
  type Report,
  RUNTIME_BYTES,
} from "./protocol.ts";
import { prepareRuntime, RUNTIME_FILES, Session } from "./runtime.ts";
import { Smoothing } from "./smoothing.ts";

const GREY = 128;

type Open = Extract<Command, { kind: "open" }>;

/** One version, and the frames before. */
class DeviceClassifier {
  readonly #session: Session;
  readonly #answers: Answers;
  readonly #preparation: Preparation;
  readonly #smoothing = new Smoothing();

  constructor(session: Session, answers: Answers, preparation: Preparation) {
    this.#session = session;
    this.#answers = answers;
    this.#preparation = preparation;
  }

  async classify(image: Blob | ImageBitmap, explain: boolean): Promise<EngineAnswer> {
    const prepared = await this.#preparation.still(image);
    const { outputs, inferMs } = await this.#run(prepared);
    const measured = this.#answers.measure(outputs, prepared.tensor);
    const { probabilities } = measured;
    const named = this.#answers.name(measured);
    const { width, height } = prepared;
    const explanation = explain
      ? this.#answers.explain(named.label, outputs, probabilities, width, height)
      : null;
    return { ...named, explanation, ...facts(prepared, inferMs) };
  }

  async frame(image: Frame): Promise<EngineAnswer> {
    const at = performance.now();
    const prepared = this.#preparation.frame(image);
    const { outputs, inferMs } = await this.#run(prepared);
    const measured = this.#answers.measure(outputs, prepared.tensor);
    const named = this.#answers.name(this.#smoothing.next(measured, at));
    return { ...named, explanation: null, ...facts(prepared, inferMs) };
  }

  restart(): void {
    this.#smoothing.restart();
  }

  async #run({ tensor }: Prepared): Promise<{ outputs: Outputs; inferMs: number }> {
    const start = performance.now();
    const outputs = await this.#session.run(tensor);
    return { outputs, inferMs: performance.now() - start };
  }
}

function facts({ width, height, decodeMs, prepareMs }: Prepared, inferMs: number) {
  return { width, height, milliseconds: { decode: decodeMs, prepare: prepareMs, infer: inferMs } };
}

async function open({ model, serving, folder, threads }: Open): Promise<DeviceClassifier> {
  const kept = new KeptModels(folder);
  const onBytes = progress(files(model).reduce((sum, { size }) => sum + size, RUNTIME_BYTES));
  const [network, familiar] = await Promise.all([
    verified(model.model, kept, onBytes),
    model.familiarity && verified(model.familiarity.file, kept, onBytes),
    prepareRuntime(threads, onBytes),
  ]);
  const { size } = model.input;
  const session = await Session.open(network, size);
  const answers = new Answers(model, familiar && new FamiliarImages(familiar));
  // The first run takes longer than all others, and shows whether the files fit together.
  const grey = new Uint8Array(size * size * 3).fill(GREY);
  answers.measure(await session.run(grey), grey);
  await kept.remember(model, serving);
  return new DeviceClassifier(session, answers, new Preparation(model.input));
}

/** The last hundredth is for what no bytes are counted of. */
function progress(total: number): (count: number) => void {
  let done = 0;
  return (count) => {
    done += count;
    report({ kind: "progress", share: Math.min(0.99, done / total) });
  };
}

function report(message: Report): void {
  self.postMessage(message);
}

function fail(id: number | null, cause: unknown): void {
  const code: EngineErrorCode = cause instanceof EngineError ? cause.code : "device_failed";
  report({
    kind: "error",
    id,
    code,
    detail: cause instanceof Error ? cause.message : String(cause),
  });
}

let opened: DeviceClassifier | undefined;

async function obey(command: Command): Promise<void> {
  if (command.kind === "open") {
    opened = await open(command);
    const own = [self.location.href, ...RUNTIME_FILES];
    report({ kind: "opened", files: own });
    return;
  }
  if (opened === undefined) throw new Error("no model is open");
  if (command.kind === "restart") {
    opened.restart();
    return;
  }
  const answer =
    command.kind === "frame"
      ? await opened.frame(command.image)
      : await opened.classify(command.image, command.explain);
  report({ kind: "answer", id: command.id, answer });
}

self.addEventListener("message", ({ data }: MessageEvent<Command>) => {
  obey(data).catch((cause: unknown) => {
    fail("id" in data ? data.id : null, cause);
  });
});
