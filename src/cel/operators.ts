/** The functions behind the operators, by the names that messages show. */
export const OPERATORS: Readonly<Record<string, string>> = {
  "+": "_+_", "-": "_-_", "*": "_*_", "/": "_/_", "%": "_%_",
  "==": "_==_", "!=": "_!=_", "<": "_<_", "<=": "_<=_", ">": "_>_", ">=": "_>=_", in: "@in",
};

export const AND = "_&&_";
export const OR = "_||_";
export const NOT = "!_";
export const NEGATE = "-_";
export const CONDITIONAL = "_?_:_";
export const EQUALS = "_==_";
export const NOT_EQUALS = "_!=_";
export const ADD = "_+_";
export const INDEX = "_[_]";
export const OPTIONAL_INDEX = "_[?_]";
export const OPTIONAL_SELECT = "_?._";
/** Whether a quantifier goes on: anything but false, an error too. */
export const NOT_STRICTLY_FALSE = "@not_strictly_false";
/** Puts a key of transformMap into the map it builds. */
export const MAP_INSERT = "cel.@mapInsert";
