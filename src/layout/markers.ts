/** Thrown by both engines where bytes are missing; explain() walks again for path and offset. */
export const TRUNCATED = /* @__PURE__ */ Object.freeze({ truncated: true });

/** Thrown by generated code where a value or the area is wrong; the interpreter then says what. */
export const REFUSED = /* @__PURE__ */ Object.freeze({ refused: true });
