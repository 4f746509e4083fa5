package config

import (
	"fmt"
	"strings"
)

// Draft is the version of JSON Schema that our schemas are written in.
const Draft = "https://json-schema.org/draft/2020-12/schema"

// JSONSchema describes a configuration to editors. It is made of the tables that [Load] checks with, so that it has
// every key that there is; what keys have to fulfil together, only Load knows.
func JSONSchema(opts Options) map[string]any {
	d := describer{checker{opts: opts}}
	defs := make(map[string]any)
	for o := topLevel << 1; o <= inReference; o <<= 1 {
		defs[definition(o)] = d.object(o)
	}
	top := d.object(topLevel)
	top["$schema"], top["$defs"] = Draft, defs
	top["title"] = "Configuration of probe"
	top["patternProperties"] = map[string]any{"^" + ignoredPrefix: map[string]any{"description": "means nothing: room for anchors"}}
	return top
}

// definition is the name of an object in the schema.
func definition(o object) string { return strings.ReplaceAll(objectRules[o].name, " ", "-") }

// describer words the tables as JSON Schema.
type describer struct{ checker }

// limit notes a limit of a scalar in the words of JSON Schema, if anybody asks for it.
func (c *checker) limit(keyword string, value any) {
	if c.limits != nil {
		c.limits[keyword] = value
	}
}

func (d describer) object(o object) map[string]any {
	properties, required := make(map[string]any), []string{}
	for _, k := range keysOf(o) {
		property := d.shape(k.shape)
		property["description"] = k.describe(property)
		properties[k.name] = property
		if k.must&o != 0 {
			required = append(required, k.name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// describe is the help of a key with what is right and what holds without it.
func (k *key) describe(property map[string]any) string {
	text := k.help
	if want, ok := property["description"]; ok {
		text += fmt.Sprintf(" (%s)", want)
	}
	if k.fallback != "" {
		text += "; default: " + k.fallback
	}
	return text
}

func (d describer) shape(s shape) map[string]any {
	ref := map[string]any{"$ref": "#/$defs/" + definition(s.object)}
	switch {
	case s.object != 0 && s.scalar != nil:
		return map[string]any{"anyOf": []any{d.scalar(s.scalar), ref}}
	case s.object != 0:
		return ref
	case s.values != nil:
		return d.full(s, "minProperties", map[string]any{
			"type": "object", "additionalProperties": d.shape(*s.values), "propertyNames": d.naming(s.naming),
		})
	case s.items != nil:
		many := d.full(s, "minItems", map[string]any{"type": "array", "items": d.shape(*s.items)})
		if s.single {
			return map[string]any{"anyOf": []any{d.shape(*s.items), many}}
		}
		return many
	default:
		return d.scalar(s.scalar)
	}
}

func (d describer) full(s shape, keyword string, schema map[string]any) map[string]any {
	if s.full {
		schema[keyword] = 1
	}
	return schema
}

// naming describes the names of a mapping, which are strings to JSON.
func (d describer) naming(f scalarFunc) map[string]any {
	schema := d.scalar(f)
	delete(schema, "type")
	return schema
}

// scalar asks a scalar function what it takes: a function knows its own limits, and shows by examples which kinds of
// value fit.
func (d describer) scalar(f scalarFunc) map[string]any {
	schema := make(map[string]any)
	takes := func(k kind, texts ...string) bool {
		for _, text := range texts {
			c := d.checker
			c.limits = schema
			if _, wrong := f(&c, &value{kind: k, text: text}); wrong == nil {
				return true
			}
		}
		return false
	}
	numbers := []string{"1", "200", "0.5", "8080", "123456789012"}
	switch isNumber, isBoolean := takes(number, numbers...), takes(boolean, "true"); {
	case isBoolean && !takes(text, "true"):
		schema["type"] = "boolean"
	case isNumber && !takes(text, numbers...):
		schema["type"] = "integer"
		if takes(number, "0.5") {
			schema["type"] = "number"
		}
	default:
		types := []string{"string"}
		if isNumber {
			types = append(types, "number")
		}
		if isBoolean {
			types = append(types, "boolean")
		}
		schema["type"] = types
	}
	if want := d.want(f); want != "" && schema["enum"] == nil {
		schema["description"] = want
	}
	return schema
}

// want is what a scalar function says to what cannot be right.
func (d describer) want(f scalarFunc) string {
	for _, v := range []*value{{kind: text, text: "\x00"}, {kind: text}} {
		if _, wrong := f(&d.checker, v); wrong != nil {
			return strings.TrimSuffix(wrong.want, noneDeclared)
		}
	}
	return ""
}
