// The shapes that the banner's scripts share. They come in four files (generator/banner.py): the build writes CONFIG
// and STYLE in front of the first, MORE, LAYER and SINCE in front of the others, and SHARED, what the next may use, behind.

interface Service {
  id: string;
  provider: string;
}

/** A purpose that needs consent. Numbers are major versions of the notice: of the last material change, and of the
 * last that widened it, where that is not the first. */
interface Purpose {
  id: string;
  label: string;
  description: string;
  changed?: number;
  widened?: number;
  signals?: string[];
  services?: Service[]; // those that pages embed
}

type Words = Record<string, string | undefined>;
type OwnFile = [name: string, integrity: string];

interface Config {
  notice: { version: string; sha256: string };
  policy: { version: string; sha256: string; path: string; paths: Record<string, string> };
  receiver: string | null;
  consentDays: number;
  refusalDays: number;
  language: string;
  direction: 'ltr' | 'rtl';
  purposes: Purpose[];
  words: Words;
  more: OwnFile;
  others?: Record<string, OwnFile>; // the same in other languages
}

interface StorageItem {
  name: string;
  kind: 'cookie' | 'localStorage' | 'sessionStorage' | 'indexedDB';
  lifetime: string;
  purpose: string;
}

type Stored = Pick<StorageItem, 'kind' | 'name'>;

interface FullService {
  id: string;
  name: string;
  provider: string;
  third_party: boolean;
  storage: StorageItem[];
}

interface FullPurpose {
  id: string;
  label?: string; // of a purpose that asks, the first file has the words
  description?: string;
  justification?: string;
  services: FullService[];
}

interface MoreConfig {
  purposes: { id: string; services: { id: string; storage: Stored[] }[] }[];
  saved: string;
  style: string;
  layer: OwnFile;
  since: OwnFile;
}

interface SinceConfig {
  path: string; // where the changes of the policy are told
  again: string;
  style: string;
}

interface LayerConfig {
  purposes: FullPurpose[];
  texts: Words;
  style: string;
}

/** What comes on demand: what follows a choice, and the way to the settings layer. */
interface More {
  show(): Promise<void>;
  changes(last: Choice): Promise<[again?: string, changes?: Node]>;
  follow(method?: Method, before?: Answers | null): Promise<void>;
}

interface Layer {
  show(): void;
  close(): void;
}

/** By purpose, or <purpose>_<service>: 0 denied, 1 granted, 2 granted in spite of Global Privacy Control. */
type Answers = Record<string, number>;

/** What the cookie holds. Days are whole days since 1970-01-01 UTC. */
interface Choice {
  notice: string; // versions as 2-13
  policy: string;
  day: number;
  answers: Answers;
}

type EventType = 'given' | 'refused' | 'changed' | 'withdrawn' | 'renewed';
type Method =
  | `banner.${string}`
  | 'settings.accept'
  | 'settings.reject'
  | 'settings.save'
  | 'embed.always'
  | 'page.form'
  | 'signal.gpc';

/** The body of POST /choices (schema policy-choice/1). */
interface ChoiceEvent {
  schema: 'policy-choice/1';
  event_id: string;
  prev_event_id: string | null;
  subject_ref: string | null;
  event_type: EventType;
  method: Method;
  purposes: Record<string, boolean>;
  services?: Record<string, boolean>; // those that were answered apart from their purpose
  notice: { sha256: string; language: string; layout: 'narrow' | 'wide' };
  policy: { sha256: string };
  signals: { gpc: boolean };
  client_time: string | null;
}

interface Decision {
  id: string;
  decision: string;
}

/** The parts of a receipt that the banner reads; the rest is kept as it came (schema policy-consent-receipt/1). */
interface Receipt {
  receipt_id: string;
  event: {
    event_id: string;
    event_time: string;
    valid_until: string;
    purposes: Decision[];
    services?: Decision[];
    notice: { version: string };
    policy: { version: string };
  };
}

/** localStorage preferences.receipt: exists only once consent was given (M03). */
interface Kept {
  secret: string | null; // 32 random bytes, base64url; leaves the browser only to have its records erased
  ref: string | null; // sha256: + hex SHA-256 of the ASCII bytes of `secret`
  last: string | null; // id of this browser's previous record, as far as it knows
  receipt: Receipt | null;
}

/** localStorage preferences.queue is a list of these: choices that have not been answered yet. */
interface Waiting {
  at: number; // Unix milliseconds
  id?: string; // of the event; missing on plain http
  before: Answers | null;
  answers: Answers;
  method: Method;
  gpc: boolean;
  notice: string; // the digests of what was shown: a later page may bring others
  policy: string;
  language: string;
  wide: boolean;
  event?: ChoiceEvent; // made when it is first sent
  tries?: number;
  due?: number; // Unix milliseconds
}

type PreferencesState = import('./preferences').PreferencesState;

interface Navigator {
  globalPrivacyControl?: boolean;
}

interface TrustedPolicy {
  createScriptURL(url: string): string;
  createScript(code: string): string;
}

interface OwnScript extends HTMLScriptElement {
  trust?: TrustedPolicy;
}

interface Window {
  trustedTypes?: {
    createPolicy(name: string, rules: TrustedPolicy): TrustedPolicy;
  };
}

declare const CONFIG: Config;
declare const STYLE: string;
declare const SHARED: object;
declare const MORE: MoreConfig;
declare const LAYER: LayerConfig;
declare const SINCE: SinceConfig;
