import { ms_hyperv_tsc_page } from '../abi/hv/msr-value.js';
import { hv_vp_assist_page } from '../abi/hv/vp-assist.js';
import { hv_synic_event_flags_page } from '../abi/synic/event.js';
import { hv_message_page } from '../abi/synic/message.js';
import { hv_monitor_page } from '../abi/synic/monitor.js';
import { hv_ring_buffer } from '../abi/vmbus/ring.js';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { viewOf } from '../bytes/span.js';
import { controlWord } from '../hypercall/words.js';
import type { Layout } from '../layout/group.js';
import { array } from '../layout/list.js';
import { bytes as bytesType, u64 } from '../layout/scalar.js';
import type { AnyType } from '../layout/types.js';
import { locateCall } from './hypercall-part.js';
import { opaque, type Place, type Setting, structPart } from './locate.js';
import type { DecodedRecord, Part } from './record.js';
import { Session } from './session.js';

/** What a saved page is, by the words of its label. */
const KINDS: readonly { readonly words: RegExp; readonly layout: Layout }[] = [
  { words: /reference TSC page/i, layout: ms_hyperv_tsc_page },
  { words: /SynIC message page/i, layout: hv_message_page },
  { words: /SynIC event flags page/i, layout: hv_synic_event_flags_page },
  { words: /VP assist page/i, layout: hv_vp_assist_page },
  { words: /monitor page/i, layout: hv_monitor_page },
  { words: /ring control/i, layout: hv_ring_buffer },
];

/** Pages that are one thing throughout: code, ring bytes, entries of a page table. */
const WHOLE: readonly { readonly words: RegExp; readonly type: AnyType }[] = [
  { words: /hypercall page|ring data/i, type: bytesType(HV_HYP_PAGE_SIZE) },
  { words: /table/i, type: array(u64, HV_HYP_PAGE_SIZE / 8) },
];

export interface PageRow {
  readonly label: string;
  readonly gpa?: unknown;
  readonly after_event?: unknown;
}

/**
 * One whole page of a saved set, read by its label. The control word of the call that an input page belongs to says how
 * much of it was sent; without it a list runs to the end of the page, stale entries and all.
 */
export function pageRecord(
  row: PageRow,
  n: number,
  bytes: Uint8Array,
  setting: Setting,
  control?: bigint,
): DecodedRecord {
  const view = viewOf(bytes);
  const place: Place = { label: 'raw', view, offset: 0, end: bytes.length };
  const head = { n, kind: 'page', source: { ...row }, bytes: bytes.length, facts: { ...row }, issues: [] };
  const call = /input page of call (0x[0-9a-f]+)/i.exec(row.label);
  if (call) {
    const located = locateCall(
      {
        control: control ?? controlWord({ code: Number(call[1]) }),
        input: view,
        page: true,
        toTheEnd: control === undefined,
      },
      setting,
      new Session(),
    );
    return {
      ...head,
      unknown: located.call === undefined,
      parts: located.parts,
      ...(located.call ? { name: located.call.name } : {}),
    };
  }
  const kind = KINDS.find((k) => k.words.test(row.label));
  if (kind === undefined) {
    const whole = WHOLE.find((w) => w.words.test(row.label));
    const part = whole
      ? { ...opaque(place, row.label), type: whole.type }
      : opaque(place, row.label, { unattributed: bytes.length });
    return { ...head, unknown: false, parts: [part] };
  }
  const part = structPart(place, kind.layout, setting);
  return { ...head, unknown: false, name: part.struct, parts: [past(part, bytes.length)] };
}

function past(part: Part, length: number): Part {
  const left = length - part.size;
  return left > 0
    ? { ...part, slack: [...part.slack, { name: 'page past the struct', offset: part.size, length: left }] }
    : part;
}
