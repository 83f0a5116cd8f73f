"""Prints a statement anew for ClickHouse, from the tree that PostHog's parser makes of it.

PostHog's own printer is no package. This one does what that one does with the part of HogQL that is compared here, and refuses the
rest by name. What it takes over from PostHog (posthog/hogql/printer, read):

- what is printed is the tree and nothing else: `LIMIT 2, 3` is there as limit 2 and offset 3, `NULLS FIRST` is lost;
- a comparison is never NULL: `=` holds where both sides are NULL, `!=` where one of them is, the others not;
- `properties.x` is taken out of the JSON, without quotes around it, NULL where there is none;
- `toInt`, `toFloat` have other names in ClickHouse, `now()` is the given time (ClickHouse's own clock is not the test's);
- a text goes with escapes as ClickHouse reads them.
"""

OPERATORS = {
    "==": "equals",
    "!=": "notEquals",
    "<": "less",
    "<=": "lessOrEquals",
    ">": "greater",
    ">=": "greaterOrEquals",
    "like": "like",
    "not like": "notLike",
    "ilike": "ilike",
    "not ilike": "notILike",
    "in": "in",
    "not in": "notIn",
}

ARITHMETIC = {"+": "plus", "-": "minus", "*": "multiply", "/": "divide", "%": "modulo"}

CASTS = {"toInt": "Int64", "toFloat": "Float64"}


class Unprinted(Exception):
    """A part of HogQL that is not compared here."""


class Printer:
    def __init__(self, now_us: int):
        self.now = f"fromUnixTimestamp64Micro({now_us}, 'UTC')"

    def query(self, node: dict) -> str:
        """A SELECT, or several of them."""
        if node["node"] == "SelectSetQuery":
            parts = [f"({self.query(node['initial_select_query'])})"]
            for one in node["subsequent_select_queries"]:
                if one["set_operator"] != "UNION ALL":
                    raise Unprinted(one["set_operator"])
                parts.append(f"({self.query(one['select_query'])})")
            return f"SELECT * FROM ({' UNION ALL '.join(parts)})" + self.limits(node)
        if node["node"] != "SelectQuery":
            raise Unprinted(node["node"])
        self.only(
            node,
            {"select", "distinct", "select_from", "where", "group_by", "having", "order_by", "limit", "offset"},
        )
        sql = "SELECT " + ("DISTINCT " if node.get("distinct") else "")
        sql += ", ".join(self.expr(one) for one in node["select"])
        if node.get("select_from"):
            sql += " FROM " + self.table(node["select_from"])
        for clause, name in (("where", "WHERE"), ("group_by", "GROUP BY"), ("having", "HAVING"), ("order_by", "ORDER BY")):
            part = node.get(clause)
            if part:
                sql += f" {name} " + (", ".join(map(self.expr, part)) if isinstance(part, list) else self.expr(part))
        return sql + self.limits(node)

    def limits(self, node: dict) -> str:
        limit = f" LIMIT {self.expr(node['limit'])}" if node.get("limit") else ""
        return limit + (f" OFFSET {self.expr(node['offset'])}" if node.get("offset") else "")

    def table(self, node: dict) -> str:
        self.only(node, {"table", "alias"})
        table = node["table"]
        name = self.name(table["chain"]) if table["node"] == "Field" else f"({self.query(table)})"
        return name + (f" AS {self.name([node['alias']])}" if node.get("alias") else "")

    def expr(self, node: dict) -> str:
        """An expression."""
        return getattr(self, "print_" + node["node"], self.unprinted)(node)

    def print_Constant(self, node: dict) -> str:
        value = node.get("value")
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return self.text(value)
        return repr(value)

    def print_Field(self, node: dict) -> str:
        chain = node["chain"]
        if chain == ["*"]:
            return "*"
        if "properties" in chain[:2] and chain[-1] != "properties":
            at = chain.index("properties") + 1
            keys = ", ".join(self.text(str(key)) for key in chain[at:])
            raw = f"JSONExtractRaw({self.name(chain[:at])}, {keys})"
            return f"replaceRegexpAll(nullIf(nullIf({raw}, ''), 'null'), '^\"|\"$', '')"
        return self.name(chain)

    def print_ArrayAccess(self, node: dict) -> str:
        field, key = node["array"], node["property"]
        if field["node"] != "Field" or key["node"] != "Constant":
            raise Unprinted("ArrayAccess")
        return self.print_Field({"chain": [*field["chain"], key["value"]]})

    def print_Alias(self, node: dict) -> str:
        return f"{self.expr(node['expr'])} AS {self.name([node['alias']])}"

    def print_Call(self, node: dict) -> str:
        self.only(node, {"name", "args", "distinct"})
        name, args = node["name"], [self.expr(arg) for arg in node["args"]]
        if name == "now" and not args:
            return self.now
        if name in CASTS and len(args) == 1:
            return f"accurateCastOrNull({args[0]}, '{CASTS[name]}')"
        text = node["args"][0]["node"] == "Constant" and isinstance(node["args"][0].get("value"), str) if node["args"] else False
        if name == "toDateTime" and text and len(args) == 1:
            # What PostHog makes of it: it takes `2025-02-19T21:20:00Z`, which ClickHouse's own function does not.
            return f"parseDateTime64BestEffortOrNull({args[0]}, 6, 'UTC')"
        if name in ("toDateTime", "toDateTime64") and node["args"][-1]["node"] == "Constant" and node["args"][-1].get("value") != "UTC":
            args += (["6"] if name == "toDateTime64" and len(args) == 1 else []) + ["'UTC'"]
        if name == "_caseWithExpression":
            name = "caseWithExpression"
        return f"{name}({'DISTINCT ' if node.get('distinct') else ''}{', '.join(args)})"

    def print_CompareOperation(self, node: dict) -> str:
        operator, left, right = node["op"], self.expr(node["left"]), self.expr(node["right"])
        if operator not in OPERATORS:
            raise Unprinted(operator)
        compared = f"{OPERATORS[operator]}({left}, {right})"
        if operator in ("in", "not in"):
            return compared
        if operator in ("==", "like", "ilike"):
            return f"ifNull({compared}, isNull({left}) AND isNull({right}))"
        if operator in ("!=", "not like", "not ilike"):
            return f"ifNull({compared}, isNotNull({left}) OR isNotNull({right}))"
        return f"ifNull({compared}, 0)"

    def print_ArithmeticOperation(self, node: dict) -> str:
        return f"{ARITHMETIC[node['op']]}({self.expr(node['left'])}, {self.expr(node['right'])})"

    def print_BetweenExpr(self, node: dict) -> str:
        expr, low, high = (self.expr(node[part]) for part in ("expr", "low", "high"))
        return f"({expr} {'NOT ' if node.get('negated') else ''}BETWEEN {low} AND {high})"

    def print_And(self, node: dict) -> str:
        return "and(" + ", ".join(map(self.expr, node["exprs"])) + ")"

    def print_Or(self, node: dict) -> str:
        return "or(" + ", ".join(map(self.expr, node["exprs"])) + ")"

    def print_Not(self, node: dict) -> str:
        return f"not({self.expr(node['expr'])})"

    def print_Tuple(self, node: dict) -> str:
        return "tuple(" + ", ".join(map(self.expr, node["exprs"])) + ")"

    def print_OrderExpr(self, node: dict) -> str:
        return f"{self.expr(node['expr'])} {node['order']}"

    def print_SelectQuery(self, node: dict) -> str:
        return f"({self.query(node)})"

    def unprinted(self, node: dict) -> str:
        raise Unprinted(node["node"])

    @staticmethod
    def only(node: dict, known: set) -> None:
        """Refuses what would be lost in silence."""
        for part, value in node.items():
            if part not in known | {"node", "start", "end"} and value not in (None, [], {}, False):
                raise Unprinted(f"{node['node']}.{part}")

    @staticmethod
    def name(chain: list) -> str:
        return ".".join("`" + str(part).replace("\\", "\\\\").replace("`", "\\`") + "`" for part in chain)

    @staticmethod
    def text(value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return "'" + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\0", "\\0") + "'"
