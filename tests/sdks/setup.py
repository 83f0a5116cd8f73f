"""Installs the pinned SDKs into a folder of their own, by the ordinary clients of their registries, once."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = ["posthog==7.91.1", "requests==2.34.2", "urllib3==2.8.0"]
NPM = {"posthog-node": "5.70.0", "posthog-js": "1.449.2", "@posthog/core": "1.67.3", "playwright-core": "1.65.1"}
NODES = {"20": "20.20.2", "22": "22.23.3", "24": "24.21.0"}


def base():
    return pathlib.Path(os.environ.get("HEARTBEAT_SDKS") or pathlib.Path(tempfile.gettempdir()) / "heartbeat-sdks")


def node(major):
    return base() / f"node{major}/node_modules/node/bin/node"


def rust(v1):
    return base() / f"rust/target/{'v1' if v1 else 'v0'}/debug/row"


def web():
    return base() / "web"


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def npm(folder, dependencies):
    folder.mkdir(parents=True, exist_ok=True)
    package = {"private": True, "type": "module", "dependencies": dependencies, "allowScripts": {"node": True}}
    (folder / "package.json").write_text(json.dumps(package))
    run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent", cwd=folder)


def install(only=None):
    """What is there is kept; the scripts are copied each time."""
    at = base()
    at.mkdir(parents=True, exist_ok=True)
    shutil.copytree(HERE / "clients", at / "clients", dirs_exist_ok=True)
    wanted = lambda kind: only is None or only.startswith(kind)  # noqa: E731
    if wanted("python") and not (at / "python/bin/python").exists():
        run("python3", "-m", "venv", "python", cwd=at)
        run(at / "python/bin/pip", "install", "--quiet", *PYTHON, cwd=at)
    if wanted("node") or wanted("js"):
        if not (at / "npm/node_modules").exists():
            npm(at / "npm", NPM)
        for major, version in NODES.items():
            if not node(major).exists():
                npm(at / f"node{major}", {"node": version})
        for name in ("node.mjs", "browser.mjs"):
            shutil.copy(HERE / "clients" / name, at / "npm" / name)
    if wanted("rust"):
        for v1 in (False, True):
            if not rust(v1).exists():
                shutil.copytree(HERE / "clients/rust", at / "rust", dirs_exist_ok=True)
                words = ["--features", "v1"] if v1 else []
                run("cargo", "build", "--quiet", *words, "--target-dir", at / f"rust/target/{'v1' if v1 else 'v0'}", cwd=at / "rust")
    web().mkdir(exist_ok=True)
    shutil.copy(HERE / "clients/page.html", web() / "page.html")
    library = at / "npm/node_modules/posthog-js/dist/module.full.no-external.js"
    if library.exists():
        shutil.copy(library, web() / "library.js")
