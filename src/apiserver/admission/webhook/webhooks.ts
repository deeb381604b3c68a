/**
 * The webhooks of all configurations, in the order they are asked. What can be prepared is prepared once
 * for each version of a configuration.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/generic/webhook.go
 */
import { asRefusal, type Attributes } from "../admission.ts";
import { matchConditions, type MatchConditions } from "../cel/match-conditions.ts";
import type { CelFinders } from "../cel/variables.ts";
import { matchOf, selectorOf, type Match, type Matcher, type MatchFinders } from "../matching.ts";
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration } from "#api/types.ts";

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

export interface CompiledWebhook<W extends ValidatingWebhook | MutatingWebhook = ValidatingWebhook | MutatingWebhook> {
  /** Names it among all webhooks. */
  id: string;
  /** The configuration's name. */
  configuration: string;
  webhook: W;
  matcher: Matcher;
  conditions: MatchConditions;
}

const compiled = new WeakMap<Configuration, CompiledWebhook[]>();

/** In the order of the configurations' names, and as they list them. */
export function webhooksOf<W extends ValidatingWebhook | MutatingWebhook>(configurations: readonly (Configuration & { webhooks?: W[] })[]): CompiledWebhook<W>[] {
  return configurations.flatMap((configuration) => {
    let list = compiled.get(configuration);
    if (!list) compiled.set(configuration, (list = (configuration.webhooks ?? []).map((webhook, i) => compile(configuration.metadata.name!, webhook, i))));
    return list as CompiledWebhook<W>[];
  });
}

function compile(configuration: string, webhook: ValidatingWebhook | MutatingWebhook, index: number): CompiledWebhook {
  return {
    id: `${configuration}/${webhook.name}/${index}`,
    configuration,
    webhook,
    matcher: {
      rules: webhook.rules ?? [],
      excluded: [],
      equivalent: webhook.matchPolicy !== "Exact",
      namespaces: selectorOf(webhook.namespaceSelector),
      objects: selectorOf(webhook.objectSelector),
    },
    conditions: matchConditions(webhook.matchConditions ?? [], webhook.failurePolicy === "Ignore"),
  };
}

/** How the webhook sees the request; undefined when it isn't asked. Throws a refusal when its conditions can't be decided. */
export function invocationOf({ matcher, conditions }: CompiledWebhook, attributes: Attributes, find: MatchFinders & CelFinders): Match | undefined {
  const match = matchOf(matcher, attributes, find);
  if (!match || conditions.none) return match;
  try {
    return conditions.matches(attributes, match, find) ? match : undefined;
  } catch (error) {
    throw asRefusal(attributes, error);
  }
}
