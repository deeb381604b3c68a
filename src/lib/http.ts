/**
 * A request and its response, as plain values: the API server is a function from one to the other,
 * so that tests and in-process clients need no port, and the wire is a thin shell around it.
 */
export interface HttpRequest {
  method: string;
  /** Path and query, as in the request line: `/api/v1/pods?watch=1`. */
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body?: Uint8Array | string | undefined;
  /** The caller's address, where the request came over the wire. */
  remoteAddress?: string | undefined;
  /** Aborted when the caller has gone; ends watches and log streams. */
  signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  /** Whole, or a stream of chunks (watches, logs). */
  body: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;

/** The whole body as text, streamed or not. */
export async function bodyText(body: HttpResponse["body"]): Promise<string> {
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString("utf8");
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** Splits a stream of chunks into lines, without their newline; the last one may lack it. */
export async function* lines(body: HttpResponse["body"]): AsyncGenerator<string> {
  if (typeof body === "string" || body instanceof Uint8Array) {
    const text = typeof body === "string" ? body : Buffer.from(body).toString("utf8");
    for (const line of text.split("\n")) if (line !== "") yield line;
    return;
  }
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    let end: number;
    while ((end = rest.indexOf("\n")) >= 0) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line !== "") yield line;
    }
  }
  if (rest !== "") yield rest;
}
