import { enumMeta } from '../../src/layout/scalar.js';
import type { EnumMeta, NamedType } from '../../src/layout/types.js';
import { RUNTIME_MODULES, shippedCode, unknownRuntime } from './shipped-code.js';

// The declarations of src/abi as one module of plain objects: what struct(), bits(), enumeration() and the rest made of
// them when they ran, and checked then. A bundler drops each object that a program does not use, and with a declaration
// its code, so that a bundle holds the declarations it names and nothing of the engines.

/** Exports of the modules of src/abi, by path. */
export type Namespaces = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

export interface ShippedModule {
  readonly text: string;
  /** Per module of src/abi its `export { … }` clause without the module that it is taken from. */
  readonly clauses: ReadonlyMap<string, string>;
}

const NAMED = new Set(['struct', 'union', 'bits']);
/** Methods of scalars: of use while declaring only. */
const SCALAR_METHODS = new Set(['as', 'asC', 'flagsOf', 'aligned']);

type Plain = Readonly<Record<string, unknown>>;

/** The module; `runtime` gives the specifier of a file of src from its path without the extension. */
export function shippedModule(namespaces: Namespaces, runtime: (path: string) => string): ShippedModule {
  const unknown = unknownRuntime();
  if (unknown.length > 0) throw new Error(`no module is known for ${unknown.join(', ')}`);
  return new Writer(namespaces).module(runtime);
}

class Writer {
  private readonly namespaces: Namespaces;
  private readonly lines: string[] = [];
  /** Constant of an object, as other declarations know it. */
  private readonly bases = new Map<object, string>();
  /** Constant through which programs get at it: with code. */
  private readonly exported = new Map<object, string>();
  private readonly exportNames = new Map<object, string>();
  private readonly constantsOf = new Map<EnumMeta, object>();
  private readonly uses = new Map<object, number>();
  private readonly functions = new Map<object, readonly [string, string] | undefined>();
  private readonly taken = new Set<string>(Object.keys(RUNTIME_MODULES));

  constructor(namespaces: Namespaces) {
    this.namespaces = namespaces;
    for (const names of namespaces.values()) {
      for (const [name, value] of Object.entries(names)) {
        if (typeof value !== 'object' || value === null) continue;
        if (!this.exportNames.has(value)) this.exportNames.set(value, name);
        const meta = metaOf(value);
        if (meta) this.constantsOf.set(meta, value);
        this.count(value);
      }
    }
  }

  module(runtime: (path: string) => string): ShippedModule {
    const clauses = new Map<string, string>();
    for (const [path, names] of this.namespaces) {
      const parts = Object.entries(names).map(([name, value]) => `${this.exportOf(name, value)} as ${name}`);
      clauses.set(path, `export { ${parts.join(', ')} }`);
    }
    const body = this.lines.join('\n');
    const used = Object.entries(RUNTIME_MODULES).filter(([name]) => new RegExp(`\\b${name}\\b`).test(body));
    const own = ['coded', 'codedAll'].map((name) => [name, 'layout/shipped'] as const);
    const scalar = ['enumMeta', 'nameConstants'].map((name) => [name, 'layout/scalar'] as const);
    const engines = [['withEngines', 'layout/engines']] as const;
    const imports = [...used, ...own, ...scalar, ...engines].map(
      ([name, path]) => `import { ${name} } from ${JSON.stringify(runtime(path))};`,
    );
    return { text: `${imports.join('\n')}\n${body}\nexport { ${[...this.outward].join(', ')} };\n`, clauses };
  }

  private readonly outward = new Set<string>();

  private exportOf(name: string, value: unknown): string {
    const ident =
      typeof value === 'object' && value !== null ? this.useOf(value) : this.constant(name, this.text(value));
    this.outward.add(ident);
    return ident;
  }

  private count(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const before = this.uses.get(value) ?? 0;
    this.uses.set(value, before + 1);
    if (before > 0) return;
    const inside = value instanceof Map ? [...value].flat() : Object.values(value);
    for (const item of inside) this.count(item);
  }

  private constant(hint: string, text: string): string {
    const stem = hint.replace(/\W/g, '_');
    let ident = stem;
    for (let n = 1; this.taken.has(ident); n++) ident = `${stem}$${n}`;
    this.taken.add(ident);
    this.lines.push(`const ${ident} = ${text};`);
    return ident;
  }

  /** How a declaration refers to another: without its code, which only who uses that one needs. */
  private baseOf(value: object): string {
    let ident = this.bases.get(value);
    if (ident === undefined) {
      const plain = value as Plain;
      const named = typeof plain.name === 'string' && plain.name !== '' ? plain.name : undefined;
      const hint = this.exportNames.get(value) ?? named ?? (typeof plain.kind === 'string' ? plain.kind : 'o');
      ident = this.constant(hint, this.literal(value));
      this.bases.set(value, ident);
    }
    return ident;
  }

  /** How a program, a call or a message refers to a declaration: with its code. */
  private useOf(value: object): string {
    let ident = this.exported.get(value);
    if (ident === undefined) {
      const base = this.baseOf(value);
      const types = layoutsIn(value as Plain);
      ident = types.length === 0 ? base : this.constant(base, this.withCode(value as Plain, base, types));
      this.exported.set(value, ident);
    }
    return ident;
  }

  private withCode(value: Plain, base: string, types: readonly NamedType[]): string {
    const rows = types.map((type) => ({ type: this.baseOf(type), code: this.functionsOf(type) }));
    const shipped = rows.filter((row) => row.code !== undefined);
    const args = shipped.map(({ type, code }) => `${type}, ${code!.join(', ')}`);
    const whole = shipped.length < rows.length ? `/* @__PURE__ */ withEngines(${base})` : base;
    if (shipped.length === 0) return whole;
    if (NAMED.has(String(value.kind))) return `/* @__PURE__ */ coded(${args[0]})`;
    return `/* @__PURE__ */ codedAll(${whole}, [${args.map((arg) => `[${arg}]`).join(', ')}])`;
  }

  private functionsOf(type: NamedType): readonly [string, string] | undefined {
    if (!this.functions.has(type)) {
      const name = this.baseOf(type);
      const code = shippedCode(type, name);
      if (code) this.lines.push(`function decode_${name}${code.decode}`, `function encode_${name}${code.encode}`);
      this.functions.set(type, code && [`decode_${name}`, `encode_${name}`]);
    }
    return this.functions.get(type);
  }

  /** A value inside of another one. */
  private text(value: unknown, inType = false): string {
    switch (typeof value) {
      case 'bigint':
        return `${value}n`;
      case 'undefined':
        return 'void 0';
      case 'function':
        throw new Error('a declaration that is no data cannot be shipped');
      case 'object':
        break;
      default:
        return JSON.stringify(value);
    }
    if (value === null) return 'null';
    const known = this.constantsOf.get(value as EnumMeta);
    if (known) return `/* @__PURE__ */ enumMeta(${this.baseOf(known)})`;
    if (this.exportNames.has(value)) return inType ? this.baseOf(value) : this.useOf(value);
    if (!inType && isLayout(value)) return this.useOf(value);
    return (this.uses.get(value) ?? 0) > 1 ? this.baseOf(value) : this.literal(value, inType);
  }

  private literal(value: object, inType = isLayout(value)): string {
    const meta = metaOf(value);
    if (meta) {
      const pairs = Object.entries(value).map(([key, item]) => `${key}: ${this.text(item)}`);
      return `/* @__PURE__ */ nameConstants(${JSON.stringify(meta.name)}, { ${pairs.join(', ')} })`;
    }
    if (Array.isArray(value)) return `[${value.map((item) => this.text(item, inType)).join(', ')}]`;
    if (value instanceof Map) {
      const pairs = [...value].map(([key, item]) => `[${this.text(key)}, ${this.text(item, inType)}]`);
      return `/* @__PURE__ */ new Map([${pairs.join(', ')}])`;
    }
    const pairs = Object.entries(value)
      .filter(([key, item]) => !(typeof item === 'function' && SCALAR_METHODS.has(key)))
      .map(([key, item]) => `${JSON.stringify(key)}: ${this.text(item, inType)}`);
    return `{ ${pairs.join(', ')} }`;
  }
}

function metaOf(value: object): EnumMeta | undefined {
  try {
    return enumMeta(value);
  } catch {
    return undefined;
  }
}

const LAYOUT_KINDS = new Set([
  ...NAMED,
  'versions',
  'perArch',
  'scalar',
  'rsvd',
  'bytes',
  'guid',
  'atomic',
  'array',
  'rep',
  'varhead',
  'anon',
]);

function isLayout(value: object): boolean {
  return LAYOUT_KINDS.has(String((value as Plain).kind));
}

/** The types with a name of their own that a layout stands for. */
function layoutsIn(value: Plain): NamedType[] {
  if (NAMED.has(String(value.kind))) return [value as unknown as NamedType];
  if (value.kind === 'versions')
    return (value.rows as { type: NamedType }[]).flatMap((row) => layoutsIn(row.type as unknown as Plain));
  if (value.kind === 'perArch') return [value.x64, value.arm64].flatMap((one) => layoutsIn(one as Plain));
  return [];
}
