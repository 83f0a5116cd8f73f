"""posthog (PyPI): python.py HOST COUNT [immediate] [capitals | no-hyphens]. V1 by the SDK's own POSTHOG_CAPTURE_MODE."""

import json
import logging
import sys
import time
import uuid

from posthog import Posthog

host, count, immediate = sys.argv[1], int(sys.argv[2]), "immediate" in sys.argv[3:]
told = {"log": [], "callback": [], "raised": [], "returned": []}


class Log(logging.Handler):
    def emit(self, record):
        told["log"].append(record.getMessage())


logging.getLogger("posthog").addHandler(Log(logging.WARNING))
client = Posthog("phc_rows", host=host, on_error=lambda error, batch: told["callback"].append(str(error)), sync_mode=immediate)
start = time.time()
written = {"capitals": str.upper, "no-hyphens": lambda text: text.replace("-", "")}
own = next((written[word] for word in sys.argv[3:] if word in written), None)
for n in range(count):
    try:
        result = client.capture("row", distinct_id="person", properties={"n": n, "text": "x" * 4000}, **({"uuid": own(str(uuid.uuid4()))} if own else {}))
        if immediate:
            told["returned"].append("None" if result is None else "uuid")
    except Exception as error:
        told["raised"].append(f"capture: {type(error).__name__}")
try:
    client.shutdown()
except Exception as error:
    told["raised"].append(f"shutdown: {type(error).__name__}")
print(json.dumps({"seconds": time.time() - start, **told}))
