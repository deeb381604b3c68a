/** A start that cannot succeed as asked; the message says what to do. No restart would help. */
export class Refusal extends Error {}
