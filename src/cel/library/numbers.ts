/** A double as Go's `%g`: the fewest digits, with an exponent below -4 and from 6 on. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const [, sign, digits = "0", exponentText] = /^(-?)(\d(?:\.\d+)?)e([+-]\d+)$/.exec(value.toExponential())!;
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return plain(sign!, digits.replace(".", ""), exponent);
  return `${sign}${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function plain(sign: string, digits: string, exponent: number): string {
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return sign + (fraction === "" ? whole : `${whole}.${fraction}`);
}
