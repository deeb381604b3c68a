import { badInput } from "./errors.ts";

/** The fields of a JSON object body; anything else is refused. */
export function objectBody(body: unknown): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw badInput("body", "the body must be a JSON object");
  return body as Record<string, unknown>;
}

/** Refuses fields nobody reads: a misspelt field would otherwise be ignored in silence. */
export function onlyFields(body: Record<string, unknown>, known: readonly string[]): void {
  for (const field of Object.keys(body)) {
    if (!known.includes(field)) throw badInput(field, `${field} is not a field of this request (it has ${known.join(", ")})`);
  }
}

export function integerField(body: Record<string, unknown>, field: string, range: { min: number; max: number }): number {
  const value = body[field];
  if (value === undefined) throw badInput(field, `${field} is required`);
  if (typeof value !== "number" || !Number.isInteger(value)) throw badInput(field, `${field} must be a whole number`);
  if (value < range.min || value > range.max) throw badInput(field, `${field} must be from ${range.min} to ${range.max}`);
  return value;
}

export function textField(body: Record<string, unknown>, field: string, range: { min: number; max: number }): string {
  const value = body[field];
  if (value === undefined) throw badInput(field, `${field} is required`);
  if (typeof value !== "string") throw badInput(field, `${field} must be a text`);
  const text = value.trim();
  if (text.length < range.min || text.length > range.max) throw badInput(field, `${field} must have ${range.min} to ${range.max} characters`);
  return text;
}

/** A whole number in a path or query, or the fallback when it is absent. */
export function integerText(text: string | undefined, field: string, range: { min: number; max: number }, fallback?: number): number {
  if (text === undefined && fallback !== undefined) return fallback;
  if (text === undefined) throw badInput(field, `${field} is required`);
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw badInput(field, `${field} must be a whole number`);
  if (value < range.min || value > range.max) throw badInput(field, `${field} must be from ${range.min} to ${range.max}`);
  return value;
}

export const ID_RANGE = { min: 1, max: 2_147_483_647 };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An order key: the name an order has in every service, a lower-case UUID. */
export function orderKey(value: unknown, field = "order_key"): string {
  if (typeof value !== "string" || !UUID.test(value)) throw badInput(field, `${field} must be a lower-case UUID`);
  return value;
}
