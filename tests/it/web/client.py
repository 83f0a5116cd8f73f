"""Asks every GET of the API by the client that openapi-python-client made of its description.

Arguments: the description, the folder of the client, the site's address, an API token. Prints each answer that is JSON, a line each: path, tab, body.
"""

import importlib
import json
import pkgutil
import re
import sys

import attrs

description, folder, site, token = sys.argv[1:]
sys.path.insert(0, folder)
import client  # noqa: E402
import client.api  # noqa: E402

# What stands in an address, by the address's beginning and the name in it.
PLACES = [
    ("/api/v1/channels", {"name": "ops"}),
    ("/api/v1/maintenance", {"name": "night"}),
    ("/api/v1/status-pages", {"name": "public"}),
    ("/api/v1/users", {"name": "ann"}),
    ("/api/v1/tokens", {"name": "test"}),
    ("/api/v1/incidents", {"id": 1}),
    ("/api/v1/projects", {"name": "shop", "route": "heartbeat", "minute": "2026-11-23T15:08Z"}),
]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

modules = {}
for tag in pkgutil.iter_modules(client.api.__path__):
    package = importlib.import_module(f"client.api.{tag.name}")
    for module in pkgutil.iter_modules(package.__path__):
        modules[module.name] = f"client.api.{tag.name}.{module.name}"


def untyped(value, where):
    """Where a time is only a text."""
    if isinstance(value, str):
        return [where] if TIME.fullmatch(value) else []
    if isinstance(value, list):
        return [found for one in value for found in untyped(one, f"{where}[]")]
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in untyped(one, f"{where}.{key}")]
    if attrs.has(type(value)):
        own = {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}
        return untyped(own, f"{where}:{type(value).__name__}")
    return []


asked = client.AuthenticatedClient(base_url=site, token=token, raise_on_unexpected_status=True)
wrong = []
for path, operations in json.load(open(description))["paths"].items():
    operation = operations.get("get")
    if operation is None:
        continue
    named = re.findall(r"{(\w+)}", path)
    places = next((places for start, places in PLACES if path.startswith(start)), {})
    apps = ["heartbeat", "ingestion-alert"] if "app" in named else [None]
    for app in apps:
        module = importlib.import_module(modules[operation["operationId"]])
        given = {name: places[name] for name in named if name != "app"}
        if app is not None:
            given["app"] = app
            # The client knows which apps there are.
            for kind in vars(module).values():
                if isinstance(kind, type) and kind.__name__.endswith("App") and hasattr(kind, "HEARTBEAT"):
                    given["app"] = kind(app)
        response = module.sync_detailed(client=asked, **given)
        if response.status_code != 200:
            wrong.append(f"{path}: {response.status_code} {response.content[:200]}")
            continue
        if not response.headers["content-type"].startswith("application/json"):
            continue
        body = json.loads(response.content)
        read = response.parsed
        if read is None or type(read).__name__ == "Problem":
            wrong.append(f"{path}: read as {type(read).__name__}")
            continue
        wrong += [f"{path}: {found} is a time, and not described as one" for found in untyped(read, "")]
        if set(read.to_dict()) != set(body):
            wrong.append(f"{path}: {set(read.to_dict()) ^ set(body)}")
        print(f"{path}\t{json.dumps(body)}")
if wrong:
    sys.exit("\n".join(sorted(set(wrong))))
