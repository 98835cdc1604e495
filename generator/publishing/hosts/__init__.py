"""The kinds of target, each a module that is loaded, with its libraries, when a site is sent there."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from generator.errors import PolicyError, Problem, Where
from generator.publishing.publish import Host
from generator.publishing.targets import Target

_MODULES = {"folder": "releases", "rsync": "rsync", "sftp": "sftp", "s3": "s3", "git": "git"}


def open_host(target: Target, root: Path, beside: Mapping[str, bytes]) -> Host:
    """The host that a target names; paths of this machine are relative to the site's folder `root`. `beside` are files
    for a host whose settings lie among those of the site.
    """
    try:
        module = import_module(f"generator.publishing.hosts.{_MODULES[target.kind]}")
    except ModuleNotFoundError as error:
        message = f"publishing by {target.kind} needs the package {error.name}, which is not installed"
        hint = "pip install 'policy-publisher[publish]'"
        raise PolicyError(Problem("publish.package", Where(target.kind), message, hint)) from None
    opened: Host = module.open_host(target, root, beside)
    return opened


def nothing_before(where: str) -> PolicyError:
    """For a host that keeps no earlier site, or has none yet. An older register would be refused: history stays."""
    hint = "git checkout COMMIT -- templates static site.yaml, and publish that; a release goes by policy withdraw"
    return PolicyError(Problem("publish.nothing-before", Where(where), "no earlier site is kept here", hint))
