import { catalog } from '../abi/hypercalls/catalog.js';
import { vmbus } from '../abi/vmbus/messages.js';
import { vpci } from '../abi/vpci/messages.js';
import { ERROR_CODES } from '../bytes/errors.js';
import { hexNumber } from '../bytes/hex.js';
import type { Layout } from '../layout/group.js';
import { type Hypercall, inputSide, outputSide, repLimits } from '../layout/hypercall.js';
import type { Message, MessageTable } from '../layout/messages.js';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

function side(layout: Layout | undefined, bytes: number, element: number): string {
  if (layout === undefined) return '';
  return `${code(layout.name)} ${bytes}${element ? ` + ${element} per rep` : ''}`;
}

function callRow(call: Hypercall): string[] {
  const input = inputSide(call);
  const output = outputSide(call);
  const limits = repLimits(call);
  return [
    hexNumber(call.code, 4),
    code(call.name),
    call.form,
    side(call.input, input.header, input.element),
    side(call.output, output.header, output.element),
    limits ? `${limits.maxReps} (${limits.boundBy})` : '',
    call.origin.version,
  ];
}

function sizes(message: Message): string {
  const all = message.is.flatMap((form) => (form.body ? [form.body] : []));
  const seen = all.flatMap((layout) =>
    layout.kind === 'versions' ? layout.rows.map((r) => r.type) : layout.kind === 'perArch' ? [] : [layout],
  );
  return [...new Set(seen.map((type) => type.size))].sort((a, b) => a - b).join(', ');
}

function messageRow(message: Message, digits: number): string[] {
  const structs = [...new Set(message.is.flatMap((form) => (form.body ? [form.body.name] : [])))];
  const replies = [...new Set(message.is.flatMap((form) => (form.reply ? [form.reply.name] : [])))];
  return [
    digits ? hexNumber(message.code, digits) : String(message.code),
    code(message.name),
    message.direction ?? 'number only',
    structs.map(code).join(', '),
    sizes(message),
    replies.map(code).join(', '),
  ];
}

function messageTable(messages: MessageTable, digits: number): string {
  const rows = [...messages.byCode.values()].sort((a, b) => a.code - b.code).map((m) => messageRow(m, digits));
  return table(['type', 'name', 'direction', 'structs', 'bytes', 'reply'], rows);
}

/** Markdown table of every hypercall: code, form, structs with bytes, reps per call and what bounds them. */
export function hypercallTable(): string {
  const rows = [...catalog].sort((a, b) => a.code - b.code).map(callRow);
  return table(['code', 'name', 'form', 'input bytes', 'output bytes', 'reps', 'from'], rows);
}

/** Markdown table of the VMBus channel messages. */
export function vmbusTable(): string {
  return messageTable(vmbus, 0);
}

/** Markdown table of the vPCI messages. */
export function vpciTable(): string {
  return messageTable(vpci, 8);
}

/** Markdown table of the error codes. */
export function errorTable(): string {
  return table(
    ['code', 'meaning'],
    Object.entries(ERROR_CODES).map(([name, text]) => [code(name), text]),
  );
}
