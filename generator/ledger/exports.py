"""All of a ledger for other programs: JSON lines as it is hashed, tables, and the terms of ISO/IEC TS 27560 (R10)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from generator.errors import LedgerError
from generator.ledger.notices import Notices
from generator.ledger.records import Event, Record, b64, event_of
from generator.ledger.store import Store

ROWS_AT_ONCE = 10_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_STATES = {
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "changed": "dpv:ConsentGiven",
    "withdrawn": "dpv:ConsentWithdrawn",
    "renewed": "dpv:RenewedConsentGiven",
}
COLUMNS = (
    "index", "event_id", "prev_event_id", "subject_ref", "site", "controller", "event_type", "method", "event_time",
    "valid_until", "client_time_claim", "granted", "denied", "services_granted", "services_denied",
    "policy", "policy_version", "policy_sha256", "notice_version", "notice_sha256", "notice_language", "notice_layout",
    "gpc",
)  # fmt: skip


def jsonl(store: Store) -> Iterator[bytes]:
    """Each record as a line: index, leaf and nonce in base64, and the body byte for byte as it is hashed."""
    with store.snapshot():
        for index, record in store.read():
            event_of(index, record)  # a body that is not JSON would make a line that is not JSON
            yield line(index, record)


def line(index: int, record: Record) -> bytes:
    body, nonce = msgspec.Raw(record.body), b64(record.nonce)
    return msgspec.json.encode({"index": index, "leaf": b64(record.leaf), "nonce": nonce, "body": body}) + b"\n"


def table(store: Store) -> Iterator[tuple[str | int, ...]]:
    """One row for each choice, as in COLUMNS; erasures are none."""
    with store.snapshot():
        for index, record in store.read():
            kept = event_of(index, record)
            if isinstance(kept, Event):
                yield _row(index, kept)


def _row(index: int, kept: Event) -> tuple[str | int, ...]:
    return (
        index,
        kept.event_id,
        kept.prev_event_id or "",
        kept.subject_ref or "",
        kept.site,
        kept.controller,
        kept.event_type,
        kept.method,
        kept.event_time,
        kept.valid_until,
        kept.client_time_claim or "",
        *(
            " ".join(one.id for one in decided if one.decision == decision)
            for decided in (kept.purposes, kept.services)
            for decision in ("granted", "denied")
        ),
        kept.policy.id,
        kept.policy.version,
        kept.policy.sha256,
        kept.notice.version,
        kept.notice.sha256,
        kept.notice.language,
        kept.notice.layout,
        int(kept.signals.gpc),
    )


def comma_separated(store: Store) -> Iterator[bytes]:
    """RFC 4180. No cell is a formula to a spreadsheet (OWASP, CSV injection): an apostrophe makes it text."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in _with_header(table(store)):
        writer.writerow([f"'{cell}" if str(cell).startswith(_FORMULA) else cell for cell in row])
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _with_header(rows: Iterable[tuple[str | int, ...]]) -> Iterator[tuple[str | int, ...]]:
    yield COLUMNS
    yield from rows


def parquet(store: Store, path: Path) -> int:
    """The same table for programs that count; how many rows it has."""
    try:
        pyarrow, writing = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        hint = "pip install 'policy-publisher[parquet]'"
        raise LedgerError.at("export.library", path, "parquet needs a library that is not installed", hint) from None
    numbers = {"index": pyarrow.int64(), "gpc": pyarrow.int8()}
    schema = pyarrow.schema([(name, numbers.get(name, pyarrow.string())) for name in COLUMNS])
    written, rows = 0, list[tuple[str | int, ...]]()
    with writing.ParquetWriter(path, schema) as file:
        for row in table(store):
            rows.append(row)
            if len(rows) == ROWS_AT_ONCE:
                written += _flush(pyarrow, file, schema, rows)
        written += _flush(pyarrow, file, schema, rows)
    return written


def _flush(pyarrow: Any, file: Any, schema: Any, rows: list[tuple[str | int, ...]]) -> int:
    written = len(rows)
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    file.write_table(
        pyarrow.table([pyarrow.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
    )
    rows.clear()
    return written


def json_ld(store: Store, notices: Notices) -> Iterator[bytes]:
    """Each choice as a consent record in the terms of DPV for ISO/IEC TS 27560, a line each (DPV guide, section 8).
    Who the controller is and where to complain is the site's, as notices.json has it.
    """
    with store.snapshot():
        for index, record in store.read():
            kept = event_of(index, record)
            if isinstance(kept, Event):
                yield msgspec.json.encode(_linked(kept, notices)) + b"\n"


def _linked(kept: Event, notices: Notices) -> dict[str, Any]:
    days = (datetime.fromisoformat(kept.valid_until) - datetime.fromisoformat(kept.event_time)).days
    notice, policy = kept.notice, kept.policy
    state = _STATES[kept.event_type]
    if kept.event_type == "changed" and not kept.grants:
        state = "dpv:ConsentWithdrawn"
    return {
        "@context": {"dpv": "https://w3id.org/dpv#", "dct": "http://purl.org/dc/terms/", "gdpr": "https://w3id.org/dpv/legal/eu/gdpr#"},
        "@id": f"urn:uuid:{kept.event_id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
        "dct:identifier": kept.event_id,
        "dct:isVersionOf": f"urn:uuid:{kept.prev_event_id}" if kept.prev_event_id else None,
        "dpv:hasDataSubject": kept.subject_ref,
        "dpv:hasDataController": {"dpv:hasName": kept.controller, "dpv:hasContact": notices.withdraw},
        "dpv:hasAuthority": notices.authority,
        "dpv:hasService": kept.site,
        "dpv:hasConsentStatus": state,
        "dpv:hasIndicationMethod": kept.method,
        "dpv:isIndicatedAtTime": kept.event_time,
        "dpv:isIndicatedBy": "dpv:DataSubject",
        "dpv:hasDuration": {"@type": "dpv:TemporalDuration", "@value": f"P{days}D"},
        "dpv:hasNotice": [
            {"@type": "dpv:ConsentNotice", "@id": f"urn:sha256:{notice.sha256}", "dct:language": notice.language},
            {"@type": "dpv:PrivacyNotice", "@id": f"urn:sha256:{policy.sha256}", "dct:hasVersion": policy.version},
        ],
        "dpv:hasProcess": [
            {
                "dpv:hasPurpose": purpose.id,
                "dpv:hasLegalBasis": "gdpr:A6-1-a" if purpose.basis == "consent" else "dpv:Necessity",
                "dpv:hasConsentStatus": "dpv:ConsentGiven" if purpose.decision == "granted" else "dpv:ConsentRefused",
            }
            for purpose in kept.purposes
        ]
        + [
            {
                "dpv:hasPurpose": service.purpose,
                "dpv:hasService": service.id,
                "dpv:hasLegalBasis": "gdpr:A6-1-a",
                "dpv:hasConsentStatus": "dpv:ConsentGiven" if service.decision == "granted" else "dpv:ConsentRefused",
            }
            for service in kept.services
        ],
        "dpv:isExercisedAt": notices.withdraw,
    }  # fmt: skip
