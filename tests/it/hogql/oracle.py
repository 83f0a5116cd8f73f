"""What PostHog's own parser and ClickHouse make of HogQL statements.

Reads JSON from standard input: {"now_us": ..., "rows": [{uuid, event, properties, timestamp_us, distinct_id, created_at_us}, ...],
"statements": [...]}. Writes a JSON list with one entry per statement: {"error": "..."} when it does not parse or does not run,
otherwise {"types": [...], "rows": [[...], ...]}.

The statement that runs is printed anew from the tree of PostHog's parser: `printer.py` beside this file.
"""

import json
import sys
import types


def stub_posthog_errors() -> None:
    """hogql_parser raises PostHog's own error classes, and wants to find them."""
    errors = types.ModuleType("posthog.hogql.errors")

    class BaseHogQLError(Exception):
        def __init__(self, *args, **_):
            super().__init__(*args)

    for name in ("ExposedHogQLError", "InternalHogQLError", "SyntaxError", "QueryError", "NotImplementedError", "ParsingError"):
        setattr(errors, name, type(name, (BaseHogQLError,), {}))
    errors.BaseHogQLError = BaseHogQLError
    hogql = types.ModuleType("posthog.hogql")
    hogql.errors = errors
    posthog = types.ModuleType("posthog")
    posthog.hogql = hogql
    sys.modules.update({"posthog": posthog, "posthog.hogql": hogql, "posthog.hogql.errors": errors})


stub_posthog_errors()

# Nothing is left behind in the folder of the sources.
sys.dont_write_bytecode = True

import hogql_parser  # noqa: E402
from chdb import session  # noqa: E402
from printer import Printer, Unprinted  # noqa: E402

TABLE = """
CREATE TABLE events (
    uuid UUID,
    event String,
    properties String,
    timestamp DateTime64(6, 'UTC'),
    distinct_id String,
    created_at DateTime64(6, 'UTC')
) ENGINE = MergeTree ORDER BY (toDate(timestamp), event, cityHash64(distinct_id), cityHash64(uuid))
"""


def answer(clickhouse, statement: str, now_us: int) -> dict:
    tree = json.loads(hogql_parser.parse_select_json(statement))
    if tree.get("error"):
        return {"error": "hogql_parser: " + tree["message"]}
    try:
        sql = Printer(now_us).query(tree)
        text = clickhouse.query(sql, "JSONCompact").bytes().decode()
    except Unprinted as why:
        raise SystemExit(f"printer.py does not print {why}, which is in: {statement}") from why
    except Exception as why:  # chdb raises RuntimeError with ClickHouse's words
        return {"error": "ClickHouse: " + str(why)}
    found = json.loads(text)
    return {"types": [column["type"] for column in found["meta"]], "rows": found["data"]}


def main() -> None:
    asked = json.load(sys.stdin)
    clickhouse = session.Session()
    # The first is how the answer is written, the second is what PostHog sets for every query.
    clickhouse.query("SET output_format_json_quote_64bit_integers = 0")
    clickhouse.query("SET transform_null_in = 1")
    clickhouse.query(TABLE)
    lines = "\n".join(
        json.dumps(
            {
                "uuid": row["uuid"],
                "event": row["event"],
                "properties": row["properties"],
                "timestamp": row["timestamp_us"] / 1e6,
                "distinct_id": row["distinct_id"],
                "created_at": row["created_at_us"] / 1e6,
            }
        )
        for row in asked["rows"]
    )
    clickhouse.query("INSERT INTO events FORMAT JSONEachRow " + lines)
    json.dump([answer(clickhouse, statement, asked["now_us"]) for statement in asked["statements"]], sys.stdout)


main()
