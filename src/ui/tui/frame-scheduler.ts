/**
 * In milliseconds between two frames. News of events comes at most every `fastest`, and rarer where frames are so dear that they
 * would take more than `share` of a core from training, but never rarer than `slowest`; for `attentive` after a key as often as
 * may be, because the key's answers may still be on their way. A key or a resize itself comes after `answer`.
 */
const pace = { fastest: 100, slowest: 500, share: 0.015, attentive: 2000, answer: 30 };

/** Decides when the next frame is rendered. */
export class FrameScheduler {
  private timer: NodeJS.Timeout | undefined;
  private dueAt = 0;
  private renderedAt = Number.NEGATIVE_INFINITY;
  private renderingTook = 0;
  private touchedAt = Number.NEGATIVE_INFINITY;
  private stopped = false;

  constructor(private readonly render: () => void) {}

  /** The run has changed. */
  afterEvent(): void {
    const attentive = performance.now() - this.touchedAt < pace.attentive;
    this.schedule(attentive ? pace.fastest : Math.min(pace.slowest, Math.max(pace.fastest, this.renderingTook / pace.share)));
  }

  /** The user has pressed a key or used the mouse: an answer comes faster than the pace of frames. */
  afterInput(): void {
    this.touchedAt = performance.now();
    this.schedule(pace.answer);
  }

  afterResize(): void {
    this.schedule(pace.answer);
  }

  /** Renders a frame at once. */
  renderNow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.stopped) return;
    this.renderedAt = performance.now();
    this.render();
    this.renderingTook = performance.now() - this.renderedAt;
  }

  /** No frame comes any more. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** A frame so many milliseconds after the last one, or earlier where one is due earlier. */
  private schedule(milliseconds: number): void {
    const due = Math.max(performance.now(), this.renderedAt + milliseconds);
    if (this.stopped || (this.timer !== undefined && this.dueAt <= due)) return;
    clearTimeout(this.timer);
    this.dueAt = due;
    this.timer = setTimeout(() => this.renderNow(), due - performance.now());
  }
}
