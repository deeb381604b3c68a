/**
 * Which of a plugin's webhooks or policies are asked again: those that want it, when anything has changed
 * the object since.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/mutating/reinvocationcontext.go
 */
import { isDeepStrictEqual } from "node:util";
import type { Attributes } from "./admission.ts";

interface Memory {
  /** The object as the plugin left it. */
  lastOutput: unknown;
  /** Asked already, and willing to be asked again. */
  willing: Set<string>;
  /** To be asked again. */
  due: Set<string>;
}

export interface PluginReinvocation {
  /** 0, or 1 when plugins run again. */
  round: number;
  isDue(id: string): boolean;
  /** Notes that one was asked, and whether it has changed the object. */
  asked(id: string, isWilling: boolean, changed: boolean): void;
  /** The plugin has asked all. */
  done(): void;
}

export function reinvocationOf(attributes: Attributes, plugin: string): PluginReinvocation {
  const shared = attributes.reinvocation ?? { again: false, wanted: false, memory: new Map<string, unknown>() };
  const memory = (shared.memory.get(plugin) as Memory | undefined) ?? { lastOutput: undefined, willing: new Set(), due: new Set() };
  shared.memory.set(plugin, memory);
  const askAgain = (): void => {
    for (const id of memory.willing) memory.due.add(id);
    memory.willing.clear();
  };
  if (shared.again && !isDeepStrictEqual(memory.lastOutput, attributes.object)) askAgain();
  return {
    round: shared.again ? 1 : 0,
    isDue: (id) => !shared.again || memory.due.has(id),
    asked(id, isWilling, changed) {
      if (changed) {
        askAgain();
        shared.wanted = true;
      }
      if (isWilling) memory.willing.add(id);
    },
    done() {
      memory.lastOutput = structuredClone(attributes.object);
    },
  };
}
