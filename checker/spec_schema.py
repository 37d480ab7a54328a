"""JSON Schema of spec files: the wired form, and the form of every model that understands its user's own words."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from typing import Any

from pydantic import BaseModel

from checker.model_import import PACKAGE
from checker.spec_forms import CommonForm, WiredForm

DEADLOCK = "deadlock"


def schema_document() -> dict[str, Any]:
    """One schema for all: which form a file has follows from its ``model``."""
    definitions: dict[str, Any] = {"wired": _nested(WiredForm, "wired")}
    choice: dict[str, Any] = {"$ref": "#/$defs/wired"}
    for model, form in pipeline_forms().items():
        name = f"pipeline_{model}"
        definitions[name] = _with_common(_nested(form, name), _nested(CommonForm, name))
        chosen = {"properties": {"model": {"const": model}}, "required": ["model"]}
        choice = {"if": chosen, "then": {"$ref": f"#/$defs/{name}"}, "else": choice}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Spec file",
        "type": "object",
        **choice,
        "$defs": definitions,
    }


def pipeline_forms() -> dict[str, type[BaseModel]]:
    """Model name -> the form of its documents, for every model package with a ``pipeline`` module."""
    if importlib.util.find_spec(PACKAGE) is None:
        return {}
    package = importlib.import_module(PACKAGE)
    found: dict[str, type[BaseModel]] = {}
    for one in pkgutil.iter_modules(package.__path__):
        name = f"{PACKAGE}.{one.name}.pipeline"
        if one.ispkg and importlib.util.find_spec(name) is not None:
            found[one.name] = importlib.import_module(name).Document
    return found


def _nested(form: type[BaseModel], name: str) -> dict[str, Any]:
    return form.model_json_schema(by_alias=True, ref_template=f"#/$defs/{name}/$defs/{{model}}")


def _with_common(form: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    deadlock = WiredForm.model_json_schema()["properties"][DEADLOCK]
    return {
        **form,
        "properties": {**common["properties"], DEADLOCK: deadlock, **form.get("properties", {})},
        "required": list(dict.fromkeys([*common.get("required", []), *form.get("required", [])])),
        "$defs": {**common.get("$defs", {}), **form.get("$defs", {})},
    }
