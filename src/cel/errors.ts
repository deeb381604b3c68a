/** An expression that doesn't parse or check. The message is cel-go's: every problem with its position, as `ERROR: <input>:1:6: ...`. */
export class CelCompileError extends Error {
  override name = "CelCompileError";
  /** How Kubernetes begins the message: an expression that checks can still fail with its literals, such as `int("x")`. */
  readonly reason: "compilation failed" | "program instantiation failed";

  constructor(message: string, reason: CelCompileError["reason"] = "compilation failed") {
    super(message);
    this.reason = reason;
  }
}

/** An expression that was evaluated and came to an error, such as `no such key: replicas`. */
export class CelEvaluationError extends Error {
  override name = "CelEvaluationError";
  /** What was spent until then, in cost units. */
  readonly cost: number;
  /** The expression cost more than it may: its error can't be absorbed by `||` and ends a shared budget too. */
  readonly costLimitExceeded: boolean;

  constructor(message: string, cost: number, costLimitExceeded = false) {
    super(message);
    this.cost = cost;
    this.costLimitExceeded = costLimitExceeded;
  }
}
