"""Responses and bodies are judged by all keywords of OpenAPI 3.0 and 3.1."""

import json
from typing import Any

import pytest

from tests.contract.proof.judging import document, exchange, judged

JSON = {"Content-Type": "application/json"}
COMPONENTS = """
components:
  schemas:
    Named: {type: object, required: [name], properties: {name: {type: string}}}
    Aged: {type: object, required: [age], properties: {age: {type: integer}}}
    Node:
      type: object
      required: [value]
      properties: {value: {type: integer}, next: {$ref: '#/components/schemas/Node'}}
    Leaf:
      allOf: [{$ref: '#/components/schemas/Node'}, {properties: {leaf: {type: boolean}}}]
    Tree:
      type: object
      properties: {own: {type: integer}, leaves: {items: {$ref: '#/components/schemas/Twig'}}}
    Twig:
      allOf: [{$ref: '#/components/schemas/Tree'}, {properties: {leaf: {type: boolean}}}]
    Pet:
      type: object
      properties: {kind: {type: string}, age: {type: integer}}
      discriminator: {propertyName: kind}
    Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {lives: {type: integer}}}]}
    Self: {allOf: [{$ref: '#/components/schemas/Self'}]}
    File: {type: object, properties: {name: {type: string}, size: {type: integer}}}
    Whole: {type: object, properties: {file: {$ref: '#/components/schemas/File'}}}
    Account:
      type: object
      required: [id, password, name]
      properties:
        id: {type: integer, readOnly: true}
        password: {type: string, writeOnly: true}
        name: {type: string}
"""


def ref(name: str) -> str:
    return f"{{$ref: '#/components/schemas/{name}'}}"


NAMED, AGED = ref("Named"), ref("Aged")

# The schema of a response, a JSON value, and whether it is as declared.
RESPONSES: list[tuple[str, Any, bool]] = [
    # Members of the schemas in an allOf count together, and no others.
    (f"allOf: [{NAMED}, {AGED}]", {"name": "a", "age": 1}, True),
    (f"allOf: [{NAMED}, {AGED}]", {"name": "a", "age": 1, "x": 1}, False),
    (f"allOf: [{NAMED}, {{properties: {{x: {{}}}}}}]", {"name": "a", "x": 1}, True),
    (f"{{allOf: [{NAMED}], properties: {{x: {{}}}}}}", {"name": "a", "x": 1}, True),
    (f"{{allOf: [{NAMED}], additionalProperties: true}}", {"name": "a", "x": 1}, True),
    (f"{{allOf: [{NAMED}, {{additionalProperties: true}}]}}", {"name": "a", "x": 1}, True),
    # Each schema of an allOf describes a part of the same member.
    (
        f"allOf: [{ref('Whole')}, {{properties: {{file: {{properties: {{x: {{}}}}}}}}}}]",
        {"file": {"name": "a", "x": 1}},
        True,
    ),
    (f"anyOf: [{NAMED}, {AGED}]", {"age": 1}, True),
    (f"anyOf: [{NAMED}, {AGED}]", {"age": 1, "x": 1}, False),
    (f"anyOf: [{NAMED}, {{type: 'null'}}]", None, True),
    (f"anyOf: [{NAMED}, {{type: object}}]", {"x": 1}, True),
    (f"oneOf: [{NAMED}, {AGED}]", {"name": "a"}, True),
    (f"oneOf: [{NAMED}, {AGED}]", {"name": "a", "age": 1}, False),
    (f"oneOf: [{NAMED}, {AGED}]", {}, False),
    (f"items: {{oneOf: [{NAMED}, {AGED}]}}", [{"name": "a", "x": 1}], False),
    (f"{{oneOf: [{NAMED}, {AGED}], discriminator: {{propertyName: x}}}}", {"age": 1}, True),
    ("{properties: {a: {}, b: {}}, anyOf: [{required: [a]}, {required: [b]}]}", {"a": 1}, True),
    ("{properties: {a: {}, b: {}}, anyOf: [{required: [a]}, {required: [b]}]}", {"c": 1}, False),
    ("{not: {type: string}}", 1, True),
    ("{not: {type: string}}", "a", False),
    ("{if: {type: integer}, then: {minimum: 1}}", 0, False),
    # Schemas of base classes don't know the members of derived classes.
    (ref("Pet"), {"kind": "cat", "lives": 9}, True),
    (ref("Pet"), {"kind": 1}, False),
    (ref("Cat"), {"kind": "cat", "lives": 9}, True),
    (ref("Cat"), {"kind": "cat", "x": 9}, False),
    # Recursive schemas.
    (ref("Node"), {"value": 1, "next": {"value": 2, "next": {"value": 3}}}, True),
    (ref("Node"), {"value": 1, "next": {"value": 2, "next": {"value": "3"}}}, False),
    (ref("Node"), {"value": 1, "next": {"value": 2, "next": {"value": 3, "x": 1}}}, False),
    (ref("Leaf"), {"value": 1, "leaf": True, "next": {"value": 2}}, True),
    (ref("Leaf"), {"value": 1, "leaf": True, "next": {"value": 2, "leaf": True}}, False),
    (ref("Tree"), {"own": 1, "leaves": [{"own": 1, "leaf": True, "leaves": []}]}, True),
    (ref("Tree"), {"own": 1, "leaves": [{"own": 1, "x": True}]}, False),
    (ref("Self"), 1, True),
    ("{$ref: '#/components/schemas/Node', required: [next]}", {"value": 1}, False),
    # Keywords beside a reference count too.
    ("{$ref: '#/components/schemas/Named', required: [x]}", {"name": "a"}, False),
    ("{$ref: '#/components/schemas/Named', properties: {x: {}}}", {"name": "a", "x": 1}, True),
    # Members that are writeOnly must not be in responses.
    (ref("Account"), {"id": 1, "name": "a"}, True),
    (ref("Account"), {"id": 1, "name": "a", "password": "b"}, False),
    (ref("Account"), {"name": "a"}, False),
    # Explicit additionalProperties decide.
    ("{properties: {a: {}}, additionalProperties: {type: integer}}", {"b": 1}, True),
    ("{properties: {a: {}}, additionalProperties: {type: integer}}", {"b": "1"}, False),
    ("{properties: {a: {}}, patternProperties: {^x: {type: integer}}}", {"x1": 1}, True),
    ("{properties: {a: {}}, patternProperties: {^x: {type: integer}}}", {"y": 1}, False),
    ("{type: object}", {"x": 1}, True),
    ("{minProperties: 1, maxProperties: 2}", {}, False),
    ("{minProperties: 1, maxProperties: 2}", {"a": 1, "b": 1, "c": 1}, False),
    ("{multipleOf: 0.01}", 0.07, True),
    ("{multipleOf: 2}", 3, False),
    ("{uniqueItems: true}", [1, 1], False),
    ("{exclusiveMinimum: 1}", 1, False),
    ("{exclusiveMaximum: 1}", 0, True),
    ("{type: [integer, 'null']}", None, True),
    ("{prefixItems: [{type: integer}]}", ["a"], False),
    ("{deprecated: true, example: 1, type: string}", "a", True),
    (r"{pattern: '^\d+\s\w$'}", "1 a", True),
    (r"{pattern: '^(?=.*\d)[a-z\d]+$'}", "a1", True),
    (r"{pattern: '^(?=.*\d)[a-z\d]+$'}", "a", False),
    # Invalid keywords aren't judged; all other keywords are.
    ("{type: string, pattern: '(?<![a', minLength: 2}", "ab", True),
    ("{type: string, pattern: '(?<![a', minLength: 2}", "a", False),
    ("{properties: {a: {type: file, maxLength: 1}}}", {"a": "ab"}, False),
    ("{$ref: 'other.yaml#/Note'}", 1, True),
    ("{properties: {a: {$ref: '#/components/schemas/Nothing'}}}", {"a": 1}, True),
    ("{properties: {a: true, b: false}}", {"b": 1}, False),
    ("true", 1, True),
]

RESPONSES_3_0: list[tuple[str, Any, bool]] = [
    ("{type: string, nullable: true}", None, True),
    ("{type: string, enum: [a], nullable: true}", None, True),
    (f"{{allOf: [{NAMED}], nullable: true}}", None, True),
    (f"{{allOf: [{NAMED}], nullable: true}}", {"name": "a"}, True),
    (f"{{allOf: [{NAMED}], nullable: true}}", {"name": "a", "x": 1}, False),
    ("{type: string}", None, False),
    ("{minimum: 1, exclusiveMinimum: true}", 1, False),
    ("{maximum: 1, exclusiveMaximum: false}", 1, True),
    # Keywords beside a reference are ignored.
    ("{$ref: '#/components/schemas/Named', nullable: true}", None, False),
]

# The schema of a request's body, a JSON value, and whether it is valid.
REQUESTS: list[tuple[str, Any, bool]] = [
    (ref("Account"), {"name": "a", "password": "b"}, True),
    (ref("Account"), {"name": "a", "password": "b", "id": 1}, True),
    (ref("Account"), {"name": "a"}, False),
    (f"{{allOf: [{ref('Account')}, {AGED}]}}", {"name": "a", "password": "b", "age": 1}, True),
    (ref("Named"), {"name": "a", "other": 1}, True),
    ("{type: array, items: {type: integer}}", [1, 2], True),
    ("{type: array, items: {type: integer}}", ["a"], False),
    (ref("Node"), {"value": 1, "next": {"value": "a"}}, False),
]


@pytest.mark.parametrize(("schema", "value", "is_declared"), RESPONSES)
def test_a_response_is_judged_by_its_schema(schema: str, value: Any, is_declared: bool) -> None:
    operation = f"responses: {{'200': {{content: {{application/json: {{schema: {schema}}}}}}}}}"
    if not schema.startswith(("{", "true")):
        operation = operation.replace(schema, f"{{{schema}}}")
    violations = judged(document(operation, others=COMPONENTS), exchange(json=value))
    assert ["content isn't as declared" in str(each) for each in violations] == (
        [] if is_declared else [True]
    )


@pytest.mark.parametrize(("schema", "value", "is_declared"), RESPONSES_3_0)
def test_a_response_is_judged_by_its_schema_of_openapi_3_0(
    schema: str, value: Any, is_declared: bool
) -> None:
    operation = f"responses: {{'200': {{content: {{application/json: {{schema: {schema}}}}}}}}}"
    declared = document(operation, others=COMPONENTS, openapi="3.0.3")
    assert bool(judged(declared, exchange(json=value))) != is_declared


@pytest.mark.parametrize(("schema", "value", "is_valid"), REQUESTS)
def test_a_request_is_judged_by_its_schema(schema: str, value: Any, is_valid: bool) -> None:
    operation = f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}"
    declared = document(operation, method="post", others=COMPONENTS)
    sent = exchange(method="POST", sent=JSON, body=json.dumps(value).encode())
    violations = judged(declared, sent)
    assert ["an invalid request was accepted" in str(each) for each in violations] == (
        [] if is_valid else [True]
    )


def test_a_large_schema_is_not_copied_to_each_of_its_references() -> None:
    """With copies, this document would have 10 ** 9 schemas."""
    next_level = [{"$ref": f"#/components/schemas/L{n + 1}"} for n in range(9)]
    levels = {
        f"L{n}": {"properties": {f"p{i}": next_level[n] for i in range(10)}} for n in range(9)
    }
    schemas = {**levels, "L9": {"type": "integer"}}
    operation = f"responses: {{'200': {{content: {{application/json: {{schema: {ref('L0')}}}}}}}}}"
    declared = document(operation, others=json.dumps({"components": {"schemas": schemas}}))
    value: Any = 1
    for _ in range(9):
        value = {"p1": value}
    assert not judged(declared, exchange(json=value))
    wrong = json.loads(json.dumps(value).replace("1}", '"a"}'))
    assert judged(declared, exchange(json=wrong))
    assert judged(declared, exchange(json={"p1": {"p2": {"x": 1}}}))
