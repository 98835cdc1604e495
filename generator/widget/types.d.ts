// The shapes that the banner's scripts share. The build writes CONFIG and STYLE in front of them (generator/banner.py).

type Localized = Record<string, string>;

interface StorageItem {
  name: string; // one that ends in * is a prefix
  kind: 'cookie' | 'localStorage' | 'sessionStorage' | 'indexedDB';
  lifetime: Localized;
  purpose: Localized;
}

interface Service {
  id: string;
  name: Localized;
  provider: string;
  third_party: boolean;
  storage: StorageItem[];
}

interface Purpose {
  id: string;
  basis: 'necessary' | 'consent';
  label: Localized;
  description: Localized;
  justification?: Localized;
  signals?: string[];
  services?: Service[];
}

interface Config {
  notice: { version: string; sha256: string };
  policy: { version: string; sha256: string; path: string; paths: Record<string, string> };
  receiver: string | null;
  controller: string;
  consentDays: number;
  refusalDays: number;
  language: string;
  rtl: string[];
  purposes: Purpose[];
  texts: Record<string, Record<string, string>>;
}

/** Per purpose that needs consent: granted or not. */
type Answers = Record<string, boolean>;

/** What the cookie holds. Days are whole days since 1970-01-01 UTC. */
interface Choice {
  digest: string;
  notice: string;
  policy: string;
  day: number;
  answers: Answers;
}

type EventType = 'given' | 'refused' | 'changed' | 'withdrawn' | 'renewed';
type Method =
  'banner.accept' | 'banner.reject' | 'settings.accept' | 'settings.reject' | 'settings.save' | 'signal.gpc';

/** The body of POST /choices (schema policy-choice/1). */
interface ChoiceEvent {
  schema: 'policy-choice/1';
  event_id: string;
  prev_event_id: string | null;
  subject_ref: string | null;
  event_type: EventType;
  method: Method;
  purposes: Answers;
  notice: { sha256: string; language: string; layout: 'narrow' | 'wide' };
  policy: { sha256: string };
  signals: { gpc: boolean };
  client_time: string | null;
}

/** The parts of a receipt that the banner reads; the rest is kept as it came (schema policy-consent-receipt/1). */
interface Receipt {
  receipt_id: string;
  event: {
    event_id: string;
    event_time: string;
    valid_until: string;
    purposes: { id: string; decision: string }[];
    notice: { version: string };
    policy: { version: string };
  };
}

/** localStorage preferences.receipt: exists only once consent was given (M03). */
interface Kept {
  secret: string | null; // 32 random bytes, base64url; never leaves the browser
  ref: string | null; // sha256: + hex SHA-256 of the ASCII bytes of `secret`
  last: string | null; // id of this browser's previous record, as far as it knows
  receipt: Receipt | null;
}

/** localStorage preferences.queue: one event that has not been answered yet. */
interface Waiting {
  at: number; // Unix milliseconds
  event: ChoiceEvent;
}

interface PreferencesState {
  chosen: boolean;
  purposes: Answers;
}

interface Navigator {
  globalPrivacyControl?: boolean;
}

interface TrustedPolicy {
  createScriptURL(url: string): string;
  createScript(code: string): string;
}

interface Window {
  trustedTypes?: {
    createPolicy(name: string, rules: TrustedPolicy): TrustedPolicy;
  };
  readonly preferences?: unknown;
}

declare const CONFIG: Config;
declare const STYLE: string;
