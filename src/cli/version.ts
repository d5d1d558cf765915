/** The package version, a constant so that start-up reads no file; spec/laws/package.spec.ts compares it with package.json. */
export const VERSION = '0.1.0';
