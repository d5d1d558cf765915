let generates: boolean | undefined;

/** False where the host forbids code from strings (a content security policy, --disallow-code-generation-from-strings). */
export function canGenerateCode(): boolean {
  if (generates === undefined) {
    try {
      generates = new Function('return true')() === true;
    } catch {
      generates = false;
    }
  }
  return generates;
}
