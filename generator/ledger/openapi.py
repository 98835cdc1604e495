"""The receiver in OpenAPI 3.1, made from the types that it reads with, so that it cannot say something else."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import msgspec

from generator.ledger import form
from generator.ledger.choices import Choice, Secret
from generator.ledger.records import Event

REFUSED = (400, 403, 405, 408, 413, 415, 422, 429, 500, 503, 507)


def document() -> bytes:
    (choice, secret, event), components = msgspec.json.schema_components(
        [Choice, Secret, Event], ref_template="#/components/schemas/{name}"
    )
    receipt = {"$ref": "#/components/schemas/Receipt"}
    listed = _object(schema=_text("policy-records/1"), records={"type": "array", "items": receipt})
    number = {"type": "integer", "minimum": 0}
    gone = _object(schema=_text("policy-erased/1"), erased=number, held=number)
    components |= {"Receipt": _receipt(event), "Problem": _problem()}
    described = {
        "openapi": "3.1.0",
        "info": {"title": "Receiver of choices", "version": "1"},
        "paths": {
            "/choices": {"post": _post("Keep a choice", choice, {200: receipt, 201: receipt}, 409)},
            "/choices/form": {"post": _form()},
            "/choices/lookup": {"post": _post("The records of a browser, by its secret", secret, {200: listed})},
            "/choices/erase": {"post": _post("Erase the records of a browser", secret, {200: gone})},
            "/checkpoint": {"get": _get("The head of the log, as a C2SP note", "text/plain", 429, 503)},
            "/healthz": {"get": _get("Whether the ledger can be read", "application/json", 503)},
            "/metrics": {"get": _get("Counts and times, for Prometheus", "text/plain")},
            "/openapi.json": {"get": _get("This document", "application/json")},
        },
        "components": {"schemas": components},
    }
    return json.dumps(described, ensure_ascii=False).replace("\\\\Z", "$").encode()  # JSON Schema has no \Z


def _post(summary: str, body: dict[str, Any], answers: dict[int, dict[str, Any]], *more: int) -> dict[str, Any]:
    taken = {
        str(status): _answer(status, {"application/json": {"schema": schema}}) for status, schema in answers.items()
    }
    content = {"application/json": {"schema": body}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": taken | _refusals(*REFUSED, *more),
    }


def _form() -> dict[str, Any]:
    answer = {"enum": sorted(form.ANSWERS)}
    fields = {name: _text(value) for name, value in form.FIXED.items()} | {
        name: {"type": "string"} for name in form.SHOWN
    }
    schema = {
        "type": "object",
        "properties": {**fields, "all": answer},
        "patternProperties": {rf"^{form.PURPOSE}": answer},
        "required": list(fields),
        "additionalProperties": False,
    }
    back = {"303": {"description": "Back to the page: #saved, or #not-saved"}}
    return {
        "summary": "Keep the choice of a form without JavaScript",
        "requestBody": {"required": True, "content": {min(form.TYPES, key=len): {"schema": schema}}},
        "responses": back | _refusals(400, 403, 405, 408, 413, 415),
    }


def _get(summary: str, type: str, *refused: int) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _answer(200, {type: {}})} | _refusals(405, 500, *refused)}


def _refusals(*statuses: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): _answer(status, content) for status in sorted(statuses)}


def _answer(status: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": content}


def _receipt(event: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    place = _object(
        origin=text,
        index={"type": "integer", "minimum": 0},
        checkpoint=text,
        inclusion={"type": "array", "items": text},
    )
    schema = _text("policy-consent-receipt/1")
    return _object(
        schema=schema, receipt_id=text, created=text, event=event, nonce=text, log=place,
        withdraw=text, authority=text, statement=text,
    )  # fmt: skip


def _problem() -> dict[str, Any]:
    return _object(
        type={"type": "string"}, title={"type": "string"}, status={"type": "integer"}, detail={"type": "string"}
    )


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _text(constant: str) -> dict[str, Any]:
    return {"const": constant}
