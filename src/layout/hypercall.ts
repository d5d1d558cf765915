import { LayoutError } from '../bytes/errors.js';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { concrete, type Layout, pick } from './group.js';
import type { AnyType, Arch, NamedType, Origin, PartsOf, RepType } from './types.js';

/** The rep count field of the control word has 12 bits. */
export const MAX_REP_COUNT = 4095;

type RepKeys<L> = L extends { readonly kind: 'struct' }
  ? { [K in keyof PartsOf<L>]: PartsOf<L>[K] extends { readonly kind: 'rep' } ? K : never }[keyof PartsOf<L>] & string
  : string;

export interface HypercallOptions<I, O> {
  readonly input?: I;
  readonly output?: O;
  /** The input list with one element per rep; `true` for reps that carry no element. */
  readonly rep?: RepKeys<I> | true;
  /** The output list with one element per rep. */
  readonly outRep?: RepKeys<O>;
  /** Fixed bytes in front of the variable header, by architecture: the two meanings of a variable header differ only here. */
  readonly varhead?: number | Readonly<Record<Arch, number>>;
  /** Always made with its input in registers, this many bytes. */
  readonly fast?: 8 | 16;
  /** The TLFS name (HvCall…) and other spellings. */
  readonly alias?: readonly string[];
  /** Reps per call that Linux sends. */
  readonly linuxBatch?: number;
  readonly note?: string;
}

export type HypercallForm = 'simple' | 'rep' | 'varhead' | 'rep+varhead' | 'fast8' | 'fast16' | 'vtl';

export interface Hypercall {
  readonly kind: 'hypercall';
  readonly name: string;
  readonly code: number;
  readonly form: HypercallForm;
  readonly input?: Layout;
  readonly output?: Layout;
  readonly rep?: string | true;
  readonly outRep?: string;
  readonly varhead?: Readonly<Record<Arch, number>>;
  readonly alias: readonly string[];
  readonly linuxBatch?: number;
  readonly note?: string;
  readonly origin: Origin;
}

/** A hypercall: call code, structs, lists. Throws LayoutError E_LAYOUT_TAG. */
export function hypercall<I extends Layout, O extends Layout>(
  name: string,
  code: number,
  origin: Origin,
  options: HypercallOptions<I, O> = {},
): Hypercall {
  const { input, output, rep, outRep, varhead, fast, alias = [], linuxBatch, note } = options;
  if (!Number.isInteger(code) || code < 0 || code > 0xffff)
    throw new LayoutError('E_LAYOUT_TAG', `call code ${code} is not 16 bits`, { struct: name });
  if (typeof rep === 'string') checkList(name, input, rep);
  if (outRep !== undefined) checkList(name, output, outRep);
  const isRep = rep !== undefined || outRep !== undefined;
  const form: HypercallForm = fast
    ? (`fast${fast}` as const)
    : isRep
      ? varhead === undefined
        ? 'rep'
        : 'rep+varhead'
      : varhead === undefined
        ? 'simple'
        : 'varhead';
  return {
    kind: 'hypercall',
    name,
    code,
    form,
    alias,
    origin,
    ...(input ? { input } : {}),
    ...(output ? { output } : {}),
    ...(rep ? { rep } : {}),
    ...(outRep ? { outRep } : {}),
    ...(varhead === undefined
      ? {}
      : { varhead: typeof varhead === 'number' ? { x64: varhead, arm64: varhead } : varhead }),
    ...(linuxBatch === undefined ? {} : { linuxBatch }),
    ...(note === undefined ? {} : { note }),
  };
}

/** Every architecture and version of the struct has the list. */
function checkList(call: string, layout: Layout | undefined, key: string): void {
  for (const { type } of layout ? concrete(layout) : [{ type: undefined }]) listOf(call, type, key);
}

function listOf(call: string, type: NamedType | undefined, key: string): { list: RepType; header: number } {
  const slot = type?.kind === 'struct' ? type.slots.find((s) => s.key === key) : undefined;
  if (slot?.type.kind !== 'rep')
    throw new LayoutError('E_LAYOUT_TAG', `rep ${JSON.stringify(key)} is no list of its struct`, { struct: call });
  return { list: slot.type, header: slot.offset };
}

/** Bytes of one side of a call: a header, and so many bytes more per rep. */
export interface CallSide {
  readonly type: NamedType | undefined;
  readonly header: number;
  readonly element: number;
  readonly elementType?: AnyType;
}

/** What bounds the reps of one call. */
export interface RepLimits {
  readonly maxReps: number;
  readonly boundBy: 'input page' | 'output page' | '12-bit rep field';
  readonly inputPage?: number;
  readonly outputPage?: number;
}

// A call has the same two sides each time, and a trace has the same few calls over and over.
const INPUTS = { x64: new WeakMap<Hypercall, CallSide>(), arm64: new WeakMap<Hypercall, CallSide>() };
const OUTPUTS = { x64: new WeakMap<Hypercall, CallSide>(), arm64: new WeakMap<Hypercall, CallSide>() };

/** Header and element bytes of the input; with a variable header of `varQwords`. */
export function inputSide(call: Hypercall, arch: Arch = 'x64', abi?: string): CallSide {
  if (abi !== undefined) return findInputSide(call, arch, abi);
  let side = INPUTS[arch].get(call);
  if (side === undefined) {
    side = findInputSide(call, arch, undefined);
    INPUTS[arch].set(call, side);
  }
  return side;
}

function findInputSide(call: Hypercall, arch: Arch, abi: string | undefined): CallSide {
  const type = call.input && pick(call.input, { arch, ...(abi ? { abi } : {}) }).type;
  if (typeof call.rep === 'string') {
    const { list, header } = listOf(call.name, type, call.rep);
    return { type, header: call.varhead?.[arch] ?? header, element: list.of.size, elementType: list.of };
  }
  return { type, header: call.varhead?.[arch] ?? type?.size ?? 0, element: 0 };
}

/** Header and element bytes of the output. */
export function outputSide(call: Hypercall, arch: Arch = 'x64', abi?: string): CallSide {
  if (abi !== undefined) return findOutputSide(call, arch, abi);
  let side = OUTPUTS[arch].get(call);
  if (side === undefined) {
    side = findOutputSide(call, arch, undefined);
    OUTPUTS[arch].set(call, side);
  }
  return side;
}

function findOutputSide(call: Hypercall, arch: Arch, abi: string | undefined): CallSide {
  const type = call.output && pick(call.output, { arch, ...(abi ? { abi } : {}) }).type;
  if (call.outRep !== undefined) {
    const { list, header } = listOf(call.name, type, call.outRep);
    return { type, header, element: list.of.size, elementType: list.of };
  }
  return { type, header: type?.size ?? 0, element: 0 };
}

/** Reps that fit one call whose variable header has `varQwords` qwords. Undefined for calls without reps. */
export function repLimits(call: Hypercall, arch: Arch = 'x64', varQwords = 0): RepLimits | undefined {
  if (call.rep === undefined && call.outRep === undefined) return undefined;
  const input = inputSide(call, arch);
  const output = outputSide(call, arch);
  const inputPage = input.element
    ? Math.floor((HV_HYP_PAGE_SIZE - input.header - 8 * varQwords) / input.element)
    : undefined;
  const outputPage = output.element ? Math.floor((HV_HYP_PAGE_SIZE - output.header) / output.element) : undefined;
  const maxReps = Math.min(inputPage ?? MAX_REP_COUNT, outputPage ?? MAX_REP_COUNT, MAX_REP_COUNT);
  const boundBy = maxReps === inputPage ? 'input page' : maxReps === outputPage ? 'output page' : '12-bit rep field';
  return {
    maxReps,
    boundBy,
    ...(inputPage === undefined ? {} : { inputPage }),
    ...(outputPage === undefined ? {} : { outputPage }),
  };
}
