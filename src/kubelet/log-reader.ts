/**
 * Reads a container's log as `kubectl logs` asks for it.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/logs/logs.go
 */
import { sleep, type Clock } from "#lib/clock.ts";
import type { LogOptions } from "#api/kubelet.ts";
import { LogSegment, rotatedPath } from "./container-log.ts";

/** How soon a follower sees new lines. */
const FOLLOW_MS = 100;
const CHUNK_BYTES = 64 * 1024;

export interface ReadOptions extends Pick<LogOptions, "follow" | "timestamps" | "sinceSeconds" | "sinceTime" | "tailLines" | "limitBytes"> {
  /** Begin at this place of the current file instead of where `tailLines` says. */
  fromBytes?: number | undefined;
}

/** What a reader must know of the container whose log it reads. */
export interface LogSource {
  path: string;
  /** The container still runs, so more may come. */
  running(): boolean;
  /** Grows by one with each rotation. */
  rotations(): number;
}

/** The log's bytes, line by line where lines matter; with `follow` until the container has ended or `signal` aborts. */
export async function* readLog(source: LogSource, options: ReadOptions, clock: Clock, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let leftBytes = options.limitBytes ?? Infinity;
  for await (const line of readLines(source, options, clock, signal)) {
    if (line.length >= leftBytes) {
      yield line.subarray(0, leftBytes);
      return;
    }
    leftBytes -= line.length;
    yield line;
  }
}

async function* readLines(source: LogSource, options: ReadOptions, clock: Clock, signal: AbortSignal): AsyncGenerator<Buffer> {
  const sinceMs = startTime(options, clock.now());
  const lineWise = options.timestamps || sinceMs !== undefined;
  let rotations = source.rotations();
  const rotated = await LogSegment.open(rotatedPath(source.path));
  const segment = await LogSegment.open(source.path);
  try {
    if (!segment) return;
    const begin: Start = options.fromBytes === undefined ? await findStart(rotated, segment, options.tailLines) : { currentBytes: options.fromBytes };
    if (rotated && begin.rotatedBytes !== undefined) yield* segmentChunks(rotated, begin.rotatedBytes, true);
    let positionBytes = begin.currentBytes;
    for (;;) {
      // Asked before reading: what was written before the end is read before we stop.
      const last = !options.follow || !source.running();
      if (lineWise) segment.refresh();
      const current = (): boolean => source.rotations() === rotations;
      for await (const { bytes, endBytes } of chunks(segment, positionBytes, lineWise, last, current)) {
        positionBytes = endBytes;
        yield* select(segment, bytes, endBytes);
        if (signal.aborted) return;
      }
      if (source.rotations() !== rotations) {
        // What we hadn't read yet is in the rotated file now, at the same place.
        rotations = source.rotations();
        const moved = await LogSegment.open(rotatedPath(source.path));
        if (moved) {
          try {
            yield* segmentChunks(moved, positionBytes, true);
          } finally {
            await moved.close();
          }
        }
        positionBytes = 0;
        continue;
      }
      if (last) return;
      try {
        await sleep(clock, FOLLOW_MS, signal);
      } catch {
        return;
      }
    }
  } finally {
    await rotated?.close();
    await segment?.close();
  }

  async function* segmentChunks(from: LogSegment, positionBytes: number, whole: boolean): AsyncGenerator<Buffer> {
    for await (const { bytes, endBytes } of chunks(from, positionBytes, lineWise, whole, () => true)) yield* select(from, bytes, endBytes);
  }

  /** Applies `since` and `timestamps` to whole lines; passes everything on where neither is asked for. */
  function* select(from: LogSegment, bytes: Buffer, endBytes: number): Generator<Buffer> {
    if (!lineWise) return yield bytes;
    const timeMs = from.timeOf(endBytes) ?? clock.now();
    if (sinceMs !== undefined && timeMs < sinceMs) return;
    yield options.timestamps ? Buffer.concat([Buffer.from(`${new Date(timeMs).toISOString().slice(0, 23)}000000Z `), bytes]) : bytes;
  }
}

function startTime(options: ReadOptions, nowMs: number): number | undefined {
  if (options.sinceSeconds !== undefined) return nowMs - options.sinceSeconds * 1000;
  return options.sinceTime === undefined ? undefined : Date.parse(options.sinceTime);
}

/**
 * Pieces of a segment from a position to its end: single lines, or whatever is there. `last` also
 * gives a line without a newline. Stops early when the file is no longer the one that `current` knew:
 * what a read brought then may belong to its successor.
 */
async function* chunks(
  segment: LogSegment,
  positionBytes: number,
  lineWise: boolean,
  last: boolean,
  current: () => boolean,
): AsyncGenerator<{ bytes: Buffer; endBytes: number }> {
  let position = positionBytes;
  let rest: Buffer = Buffer.alloc(0);
  for (;;) {
    const read = await segment.read(position + rest.length, CHUNK_BYTES);
    if (!current()) return;
    if (read.length === 0) break;
    if (!lineWise) {
      position += read.length;
      yield { bytes: read, endBytes: position };
      continue;
    }
    rest = rest.length === 0 ? read : Buffer.concat([rest, read]);
    let end: number;
    while ((end = rest.indexOf(10)) >= 0) {
      position += end + 1;
      yield { bytes: rest.subarray(0, end + 1), endBytes: position };
      rest = rest.subarray(end + 1);
    }
  }
  if (last && rest.length > 0) yield { bytes: rest, endBytes: position + rest.length };
}

interface Start {
  rotatedBytes?: number;
  currentBytes: number;
}

/** Where the last `tailLines` lines begin; everything when undefined. `rotatedBytes` is undefined when the rotated file isn't needed. */
async function findStart(
  rotated: LogSegment | undefined,
  current: LogSegment,
  tailLines: number | undefined,
): Promise<Start> {
  if (tailLines === undefined || tailLines < 0) return { ...(rotated ? { rotatedBytes: 0 } : {}), currentBytes: 0 };
  const inCurrent = await tailOf(current, tailLines);
  if (inCurrent.lines >= tailLines || !rotated) return { currentBytes: inCurrent.positionBytes };
  const inRotated = await tailOf(rotated, tailLines - inCurrent.lines);
  return { rotatedBytes: inRotated.positionBytes, currentBytes: 0 };
}

/** Walks backwards over line ends; `lines` is how many there were, at most as many as wanted. */
async function tailOf(segment: LogSegment, wanted: number): Promise<{ positionBytes: number; lines: number }> {
  const sizeBytes = await segment.sizeBytes();
  if (wanted === 0 || sizeBytes === 0) return { positionBytes: sizeBytes, lines: 0 };
  let lines = 1;
  // The newline at the very end closes the last line; it opens none.
  let endBytes = sizeBytes - 1;
  while (endBytes > 0) {
    const startBytes = Math.max(0, endBytes - CHUNK_BYTES);
    const chunk = await segment.read(startBytes, endBytes - startBytes);
    for (let i = chunk.length - 1; i >= 0; i--) {
      if (chunk[i] !== 10) continue;
      if (lines === wanted) return { positionBytes: startBytes + i + 1, lines };
      lines++;
    }
    endBytes = startBytes;
  }
  return { positionBytes: 0, lines };
}
