/** What an expression comes to. */
export type CelValue = boolean | bigint | string | null | object;
