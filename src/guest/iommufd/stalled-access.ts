import type { PageAnswer } from './page-request.js';

/** What became of a transaction. */
export type AccessState = 'waiting' | 'done' | 'aborted';

/** A transaction of a device that waits for its page (VIO-67): a response of success translates again, any other ends it. */
export class StalledAccess {
  private now: AccessState = 'waiting';
  private readonly translate: () => boolean;
  private readonly report: (answer: (answer: PageAnswer) => void) => void;

  /** `translate`: whether the page is there; `report`: tells of the fault, again after each vain translation. */
  constructor(translate: () => boolean, report: (answer: (answer: PageAnswer) => void) => void) {
    this.translate = translate;
    this.report = report;
    this.attempt();
  }

  get state(): AccessState {
    return this.now;
  }

  private attempt(): void {
    if (this.translate()) {
      this.now = 'done';
      return;
    }
    let answered = false;
    this.report((answer) => {
      if (answered) return;
      answered = true;
      if (answer === 'success') this.attempt();
      else this.now = 'aborted';
    });
  }
}
