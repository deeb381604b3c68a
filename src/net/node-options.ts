/** NODE_OPTIONS with the agent in it. Used by the agent for children and by the host side for containers. */

/** The words of NODE_OPTIONS, read as Node reads them: quotes group, a backslash within quotes escapes. */
export function splitNodeOptions(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let started = false;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quoted && character === "\\" && i + 1 < text.length) word += text[++i];
    else if (character === '"') {
      quoted = !quoted;
      started = true;
    } else if (character === " " && !quoted) {
      if (started) words.push(word);
      word = "";
      started = false;
    } else {
      word += character;
      started = true;
    }
  }
  if (started) words.push(word);
  return words;
}

/** The given NODE_OPTIONS, with `--require agent` first unless it is there already. */
export function withAgent(options: string | undefined, agent: string): string {
  const given = options ?? "";
  const words = splitNodeOptions(given);
  const present = words.some((word, i) => word === `--require=${agent}` || ((word === "--require" || word === "-r") && words[i + 1] === agent));
  if (present) return given;
  const quoted = /[\s"\\]/.test(agent) ? `"${agent.replaceAll(/["\\]/g, "\\$&")}"` : agent;
  return `--require ${quoted}${given.trim() === "" ? "" : ` ${given}`}`;
}
