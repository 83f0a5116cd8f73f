"""The SDKs and the ways in which each is used. Versions are pinned in setup.py."""

from dataclasses import dataclass

import setup


@dataclass
class Sdk:
    what: str
    kind: str
    v1: bool = False
    immediate: bool = False
    node: str = ""
    cross_origin: bool = False
    at_once: bool = False

    def command(self, host, page, count, row):
        words = [host, str(count)] + (["immediate"] if self.immediate else ["exit"] if self.at_once else [])
        clients = setup.base() / "clients"
        if self.kind == "python":
            return [str(setup.base() / "python/bin/python"), str(clients / "python.py"), *words]
        if self.kind == "node":
            return [str(setup.node(self.node)), str(setup.base() / "npm/node.mjs"), *words]
        if self.kind == "rust":
            return [str(setup.rust(self.v1)), *words]
        # A page that stays open for 100 minutes; rows in which something passes or is slow run for 25 s of real time.
        slow = row.endswith(("_once", "_back")) or row in ("status_504", "never_answers")
        until = ["25"] if slow else ["0", "fast"]
        return [str(setup.node("20")), str(setup.base() / "npm/browser.mjs"), page, host, str(count), *until]


SDKS = {
    "python": Sdk("posthog-python, default (v0)", "python"),
    "python-v1": Sdk("posthog-python, POSTHOG_CAPTURE_MODE=v1", "python", v1=True),
    "python-sync": Sdk("posthog-python, sync_mode=True (v0)", "python", immediate=True),
    "python-sync-v1": Sdk("posthog-python, sync_mode=True, v1", "python", v1=True, immediate=True),
    "node20": Sdk("posthog-node on Node 20, default (v0)", "node", node="20"),
    "node22": Sdk("posthog-node on Node 22, default (v0)", "node", node="22"),
    "node24": Sdk("posthog-node on Node 24, default (v0)", "node", node="24"),
    "node-v1": Sdk("posthog-node on Node 22, POSTHOG_CAPTURE_MODE=v1", "node", v1=True, node="22"),
    "node24-v1": Sdk("posthog-node on Node 24, POSTHOG_CAPTURE_MODE=v1", "node", v1=True, node="24"),
    "node-immediate": Sdk("posthog-node on Node 22, captureImmediate (v0)", "node", node="22", immediate=True),
    "js": Sdk("posthog-js in Chromium, proxy on the page's own origin", "browser"),
    "js-cross": Sdk("posthog-js in Chromium, proxy on another origin", "browser", cross_origin=True),
    "rust": Sdk("posthog-rs, default (v0)", "rust"),
    "rust-exit": Sdk("posthog-rs, default (v0), shutdown() right after capture()", "rust", at_once=True),
    "rust-v1": Sdk("posthog-rs, feature capture-v1", "rust", v1=True),
    "rust-immediate": Sdk("posthog-rs, capture_immediate (v0)", "rust", immediate=True),
    "rust-immediate-v1": Sdk("posthog-rs, capture_immediate, feature capture-v1", "rust", v1=True, immediate=True),
}
