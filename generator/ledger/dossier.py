"""A record for an authority: one archive with all that is needed to check it, and nobody else's (GDPR 7(1))."""

from __future__ import annotations

import io
import zipfile
from hashlib import sha256
from importlib import resources
from pathlib import Path

from generator.errors import LedgerError
from generator.ledger import log
from generator.ledger.exports import line
from generator.ledger.notices import Notices
from generator.ledger.records import Entry, Event, event_of, receipt
from generator.ledger.store import Store

CHECK = (resources.files("generator.ledger") / "check_receipt.py").read_bytes


def find(store: Store, event_id: str) -> Entry:
    entry = store.by_event_id([event_id]).get(event_id)
    if entry is None:
        hint = "it was never here, or it was erased"
        raise LedgerError.at("record.unknown", f"record {event_id}", "there is no record of this id", hint)
    return entry


def receipt_of(store: Store, entry: Entry, notices: Notices, size: int | None = None) -> bytes:
    """The receipt that the browser got, or with `size`, one under the checkpoint of a later head."""
    proofs = log.Proofs(log.stored_node(store.nodes))
    size = entry.size if size is None else size
    checkpoint = log.Checkpoint(store.origin, size, proofs.root(size))
    return receipt(entry.record, notices, entry.index, str(checkpoint), proofs.inclusion(entry.index, size))


def archive(store: Store, event_id: str, notices: Notices, site: Path, checkpoint: str, size: int) -> bytes:
    """A zip, the same bytes for the same record, checkpoint and site. The texts shown are found in the built site by
    their digests, so it is these and no others; LedgerError if one is not there.
    """
    entry = find(store, event_id)
    kept = event_of(entry.index, entry.record)
    if not isinstance(kept, Event):
        raise LedgerError.at("record.erasure", f"record {event_id}", "this record is of an erasure")
    shown = _by_digest(site, {kept.policy.sha256: "policy", kept.notice.sha256: "notice"})
    files = {
        "README.txt": _README.format(kept=kept, index=entry.index, origin=store.origin, size=size).encode(),
        "record.json": line(entry.index, entry.record),
        "receipt.json": receipt_of(store, entry, notices),
        "proof.json": receipt_of(store, entry, notices, size),
        "checkpoint.txt": checkpoint.encode(),
        "check_receipt.py": CHECK(),
        **shown,
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _by_digest(site: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in sorted(site.rglob("*")):
        if path.is_file() and path.suffix in (".md", ".json"):
            data = path.read_bytes()
            if what := wanted.get(sha256(data).hexdigest()):
                found.setdefault(f"{what}{path.suffix}", data)
    for what in wanted.values():
        if not any(name.startswith(what) for name in found):
            message = f"the {what} that was shown is not in this site"
            raise LedgerError.at("shown.missing", site, message, "give the folder of the built site")
    return found


_README = """\
Evidence of one choice, kept in the log {origin}

record.json       the record {kept.event_id}, number {index} of the log, with the nonce that makes its leaf
receipt.json      what the browser was given: the record and its place in the log of then
proof.json        the same record under the newest checkpoint, at size {size}
checkpoint.txt    that checkpoint, to be compared with one that others kept
policy.*          the policy that was shown; its SHA-256 is {kept.policy.sha256}
notice.*          the notice that was shown; its SHA-256 is {kept.notice.sha256}

To check, with Python and nothing else:

    python3 check_receipt.py receipt.json
    python3 check_receipt.py proof.json
    sha256sum policy.* notice.*

The second line of checkpoint.txt must be {size}, and its third line that of the checkpoint within proof.json.
This shows that the choice is in the log that the checkpoint names, unchanged, and which texts it was made under.
It does not show who made it: the record proves a browser's choice.
"""
