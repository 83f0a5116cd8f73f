"""What a run came to, in a few fields; and the table of docs/sdks.md made of them."""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
DOCUMENT = HERE.parent.parent / "docs/sdks.md"
KNOWN = ("/batch", "/e", "/capture", "/track", "/i/v1/analytics/events")


def outcome(ground, told, count):
    taken = [request for request in ground.capture.requests if request["taken"]]
    copies, shift = {}, 0.0
    for request in taken:
        for event in request["taken"]:
            copies.setdefault(event["n"], []).append(event["uuid"])
        # Capture stores now - (sent_at - timestamp): what lies between sending and arriving is added to the time stamp.
        if not request["v1"] and request.get("sent_at"):
            shift = max(shift, request["at"] - request["sent_at"])
    requests = [entry for entry in ground.front.log() if is_capture(entry[2])] if ground.front else [
        (request["status"], request["method"], request["path"]) for request in ground.capture.requests
    ]
    times = [request["at"] for request in ground.capture.requests]
    return {
        "events": count,
        "lost": count - len(copies),
        "doubled": sum(len(uuids) > 1 for uuids in copies.values()),
        "same_uuid": all(len(set(uuids)) == 1 for uuids in copies.values()),
        "late_by_s": round(shift) if shift > 0.9 else 0,
        "requests": len(requests),
        "answers": compact([entry[0] for entry in requests]),
        "methods": compact([entry[1] for entry in requests]),
        "gaps_s": [round(after - before, 1) for before, after in zip(times, times[1:])] if not ground.front else [],
        "raised": told["raised"][:3],
        "callback": told["callback"][:3],
        "callbacks": len(told["callback"]),
        "log": [line for line in told["log"] if not line.startswith("browser: ")][:3],
        "browser_log": sum(line.startswith("browser: ") for line in told["log"]),
        "returned": compact(told["returned"]),
        "waiting": told.get("waiting"),
        "seconds": round(told["seconds"], 1),
    }


def is_capture(path):
    return path.split("?")[0].rstrip("/").endswith(KNOWN)


def compact(values):
    counts = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return ", ".join(f"{count} x {value}" for value, count in counts.items())


def told_by(result):
    words = {"raised": "exception", "callback": "callback", "log": "log"}
    ways = list(result["told"]) if "told" in result else [word for name, word in words.items() if result[name]]
    # `sync_mode` returns None in place of a uuid, `capture_immediate` a summary that counts what was not persisted.
    if "result" not in ways and re.search(r"None|not persisted [1-9]", result["returned"]):
        ways.append("result")
    return ways


def kept(result):
    """What results.json keeps of a cell: what the table says, and what another run is compared with."""
    names = ("events", "lost", "doubled", "same_uuid", "late_by_s", "requests", "answers", "returned", "waiting", "seconds")
    return {**{name: result[name] for name in names}, "told": told_by(result)}


def short(result):
    words = []
    if result["lost"] == result["events"]:
        words.append("lost")
    elif result["lost"]:
        words.append(f"lost {result['lost']} of {result['events']}")
    else:
        words.append("delivered")
    if result["doubled"]:
        words.append("sent again after it was taken" + ("" if result["same_uuid"] else " under another uuid"))
    if result["late_by_s"]:
        words.append(f"time stamps late by {result['late_by_s']} s")
    words.append(f"{result['requests']} request" + ("" if result["requests"] == 1 else "s"))
    ways = told_by(result)
    words.append("reported by " + " and ".join(ways) if ways else ("silent" if result["lost"] else "not reported"))
    return "; ".join(words)


def differs(before, now):
    """What the table says otherwise; the number of requests and seconds may vary a little in a browser."""
    if before is None:
        return ""
    keys = ("lost", "doubled", "same_uuid")
    changes = [f"{key}: {before[key]} -> {now[key]}" for key in keys if before[key] != now[key]]
    if told_by(before) != told_by(now):
        changes.append(f"reported: {told_by(before)} -> {told_by(now)}")
    if before["waiting"] is None and before["requests"] != now["requests"]:
        changes.append(f"requests: {before['requests']} -> {now['requests']}")
    if abs(before["late_by_s"] - now["late_by_s"]) > 2:
        changes.append(f"late_by_s: {before['late_by_s']} -> {now['late_by_s']}")
    return "; ".join(changes)


def stored():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def merged(before, fresh):
    return {row: {**before.get(row, {}), **fresh.get(row, {})} for row in {**before, **fresh}}


def write(results):
    from rows import ROWS
    from sdks import SDKS

    ordered = {row: {sdk: kept(results[row][sdk]) for sdk in SDKS if sdk in results[row]} for row in ROWS if row in results}
    rows = [
        json.dumps(row) + ": {\n" + ",\n".join(f"  {json.dumps(sdk)}: {json.dumps(cell)}" for sdk, cell in cells.items()) + "\n}"
        for row, cells in ordered.items()
    ]
    RESULTS.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    if not DOCUMENT.exists():
        return
    lines = []
    for row in ordered:
        what, _, advice = ROWS[row]
        lines += [f"### `{row}`: {what}", "", f"{advice}", "", "| SDK | what happened |", "| --- | --- |"]
        same = {}
        for sdk, result in ordered[row].items():
            same.setdefault(short(result), []).append(sdk)
        lines += [f"| {', '.join(names)} | {text} |" for text, names in same.items()]
        lines.append("")
    text = DOCUMENT.read_text()
    made = "<!-- cells: made by tests/sdks/run all --write -->\n\n" + "\n".join(lines)
    DOCUMENT.write_text(re.sub(r"<!-- cells: made.*", lambda _: made, text, flags=re.S))
