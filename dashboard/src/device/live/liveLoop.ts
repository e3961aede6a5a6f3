/** Where frames come from. */
export interface FrameSource<Frame> {
  /** Calls back once, at the next new frame; returns how to call that off. */
  onNext: (callback: () => void) => () => void;
  /** What is seen at this moment. */
  grab: () => Frame | Promise<Frame>;
}

interface LiveLoopProps<Frame, Answer> {
  source: FrameSource<Frame>;
  /** Answers one frame, and owns it from then on. */
  ask: (frame: Frame) => Promise<Answer>;
  onAnswer: (answer: Answer) => void;
  /** The loop has stopped. */
  onError: (error: Error) => void;
}

/**
 * Answers what a camera sees: one frame at a time, and always the newest one. Frames that come
 * while one is being answered are not kept, so an answer is never older than one answer takes.
 */
export class LiveLoop<Frame, Answer> {
  readonly #props: LiveLoopProps<Frame, Answer>;
  #running = false;
  #inFlight = false;
  /** A frame has come that was not asked about. */
  #fresh = false;
  #callOff: () => void = () => undefined;

  constructor(props: LiveLoopProps<Frame, Answer>) {
    this.#props = props;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#listen();
  }

  stop(): void {
    this.#running = false;
    this.#fresh = false;
    this.#callOff();
  }

  #listen(): void {
    this.#callOff = this.#props.source.onNext(() => {
      if (!this.#running) return;
      this.#fresh = true;
      this.#listen();
      void this.#answer();
    });
  }

  async #answer(): Promise<void> {
    if (this.#inFlight || !this.#fresh || !this.#running) return;
    this.#inFlight = true;
    this.#fresh = false;
    try {
      const answer = await this.#props.ask(await this.#props.source.grab());
      if (this.#isRunning()) this.#props.onAnswer(answer);
    } catch (cause) {
      if (this.#isRunning()) {
        this.stop();
        this.#props.onError(cause instanceof Error ? cause : new Error(String(cause)));
      }
    } finally {
      this.#inFlight = false;
    }
    await this.#answer();
  }

  /** Behind an `await`, where it may have been stopped. */
  #isRunning(): boolean {
    return this.#running;
  }
}
