"""A site with two released notices and two releases, as the street would publish it, and choices that fit them."""

from __future__ import annotations

import hashlib
import itertools
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from generator.ledger.choices import parse
from generator.ledger.notices import Notices, read_notices
from generator.ledger.records import Record, accept


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


OLD_NOTICE, NOTICE = digest("notice 1.0"), digest("notice 2.0")
OLD_POLICY, POLICY = digest("release 1.0"), digest("release 1.1")
TERMS = digest("terms 1.0")  # of another policy than the notices'
SITE = "https://www.itsths.com"
NOW = datetime(2026, 11, 22, 9, 14, 22, tzinfo=UTC)

NOTICES_JSON: dict[str, Any] = {
    "schema": "policy-notices/1",
    "site": SITE,
    "controller": "ITSTHS PVT LTD",
    "origins": [SITE, "https://itsths.com"],
    "withdraw": "https://www.itsths.com/cookies/",
    "authority": "https://ico.org.uk/make-a-complaint/",
    "notices": {
        OLD_NOTICE: {
            "version": "1.0",
            "languages": ["en"],
            "consent_days": 30,
            "refusal_days": 60,
            "policy": "privacy-policy",
            "purposes": {"analytics": {"basis": "consent"}, "necessary": {"basis": "necessary"}},
        },
        NOTICE: {
            "version": "2.0",
            "languages": ["ar", "en"],
            "consent_days": 180,
            "refusal_days": 365,
            "policy": "privacy-policy",
            "purposes": {
                "analytics": {"basis": "consent", "services": ["usage"]},
                "marketing": {"basis": "consent", "services": ["reel", "tube"]},
                "necessary": {"basis": "necessary", "services": ["preferences"]},
            },
        },
    },
    "policies": {
        OLD_POLICY: {"id": "privacy-policy", "version": "1.0", "language": "en"},
        POLICY: {"id": "privacy-policy", "version": "1.1", "language": "en"},
        TERMS: {"id": "terms", "version": "1.0", "language": "en"},
    },
}


def notices(**changes: Any) -> Notices:
    return read_notices(json.dumps(NOTICES_JSON | changes).encode(), "notices.json")


def choice(**changes: Any) -> dict[str, Any]:
    """A choice that is taken: analytics granted, marketing denied. Each call has a key of its own."""
    return {
        "schema": "policy-choice/1",
        "event_id": str(uuid.uuid4()),
        "prev_event_id": None,
        "subject_ref": "sha256:" + "ab" * 32,
        "event_type": "given",
        "method": "settings.save",
        "purposes": {"analytics": True, "marketing": False},
        "notice": {"sha256": NOTICE, "language": "en", "layout": "wide"},
        "policy": {"sha256": POLICY},
        "signals": {"gpc": False},
        "client_time": "2026-11-22T09:14:20Z",
    } | changes


def refusal(**changes: Any) -> dict[str, Any]:
    none = {"analytics": False, "marketing": False}
    return choice(event_type="refused", method="banner.reject", purposes=none, subject_ref=None) | changes


def body(**changes: Any) -> bytes:
    return json.dumps(choice(**changes)).encode()


_nonces = itertools.count(1)


def record(terms: Notices | None = None, **changes: Any) -> Record:
    return accept(parse(body(**changes)), terms or notices(), NOW, next(_nonces).to_bytes(32, "big"))
