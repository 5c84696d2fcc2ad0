"""Fields that exclude one another, as JSON Schema says it: a raw value and its token, two ways to carry the data."""

from pydantic.config import JsonDict

from parcelward.contract.patterns import BASE64_PATTERN

TOKEN_OF = {
    "document_number": "document_token",
    "name": "name_token",
    "phone": "phone_token",
    "operator_document": "operator_document_token",
}
"""Each personal value, and the token that may come in its place."""


def never_both(schema: JsonDict) -> None:
    """Say in JSON Schema what the model of a part with personal values checks."""
    properties = schema["properties"]
    assert isinstance(properties, dict)
    schema["allOf"] = [
        {"not": {"required": [raw, token], "properties": {raw: {"type": "string"}, token: {"type": "string"}}}}
        for raw, token in TOKEN_OF.items()
        if token in properties
    ]


def later_cases_of_a_case(schema: JsonDict) -> None:
    """Say in JSON Schema that only a snooze of a case can hold for later cases."""
    alert: JsonDict = {"type": "object", "properties": {"kind": {"const": "alert"}}, "required": ["kind"]}
    later: JsonDict = {
        "type": "object",
        "properties": {"later_cases": {"const": True}},
        "required": ["later_cases"],
    }
    schema["not"] = {
        "type": "object",
        "properties": {"about": alert, "decision": later},
        "required": ["about", "decision"],
    }


def data_once(schema: JsonDict) -> None:
    """Say in JSON Schema that an event has its data as JSON, or as the same JSON in base64, and not both."""
    properties, required = schema["properties"], schema["required"]
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    if "data" not in properties:
        return
    required.remove("data")
    data = properties["data"]
    properties["data"] = {"anyOf": [data, {"type": "null"}]}
    properties["data_base64"] = {
        "anyOf": [
            {
                "type": "string",
                "pattern": BASE64_PATTERN,
                "contentEncoding": "base64",
                "contentMediaType": "application/json",
                "contentSchema": data,
            },
            {"type": "null"},
        ],
        "description": "The data as JSON in base64, as SDKs send what they were given as bytes; in place of `data`.",
        "examples": ["eyJjb3VyaWVyIjoic3dpZnQifQ=="],
    }
    schema["oneOf"] = [
        {"required": [given], "properties": {given: {"type": kind}, other: {"type": "null"}}}
        for given, kind, other in (("data", "object", "data_base64"), ("data_base64", "string", "data"))
    ]
