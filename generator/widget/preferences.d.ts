/** What the banner offers to the scripts of a page, as `window.preferences`. */
export interface Preferences {
  /** What the visitor has chosen; everything is off until they have. */
  get(): PreferencesState;
  /** Hear of every choice; returns a function that stops it. */
  onChange(listener: (state: PreferencesState) => unknown): () => void;
  /** Open the settings layer. */
  show(): void;
  /** Take back one purpose, or all. A page cannot grant. */
  withdraw(purpose?: string): void;
  /** Kept once a purpose, or one service of it, is granted: at once if it is already. */
  once(purpose: string, service?: string): Promise<void>;
}

export interface PreferencesState {
  /** Whether nothing is left to ask. */
  readonly chosen: boolean;
  /** By purpose; a service that was answered apart from its purpose has an entry `<purpose>_<service>`. */
  readonly purposes: Readonly<Record<string, boolean>>;
}

declare global {
  interface Window {
    readonly preferences?: Preferences;
  }
  interface DocumentEventMap {
    /** Before the banner asks. Cancel it to ask by other means. */
    'preferences:show': CustomEvent<null>;
    /** Before the settings layer opens. May be cancelled. */
    'preferences:settings': CustomEvent<null>;
    /** Before a gate opens. Cancel it to load what waits by other means. */
    'preferences:open': CustomEvent<{ gate: HTMLElement }>;
    /** After a choice was saved. */
    'preferences:change': CustomEvent<PreferencesState>;
    /** Before a withdrawal reloads the page, for code that cannot be stopped had run. Cancel it if yours can. */
    'preferences:reload': CustomEvent<null>;
  }
}
