package config

import (
	"math"
	"slices"
	"strconv"
	"time"

	"apigwprobe/probe"
)

// one is the version of the schema.
func one(c *checker, v *value) (any, *wrong) {
	c.limit("enum", []any{1, "1"})
	if v.text != "1" {
		return nil, &wrong{want: "1"}
	}
	return 1, nil
}

func yesNo(_ *checker, v *value) (any, *wrong) {
	if v.kind != boolean {
		return nil, &wrong{want: "true or false"}
	}
	return v.text == "true" || v.text == "True" || v.text == "TRUE", nil
}

func positive(c *checker, v *value) (any, *wrong) {
	c.limit("exclusiveMinimum", 0)
	f, err := strconv.ParseFloat(v.text, 64)
	if v.kind != number || err != nil || !(f > 0) || math.IsInf(f, 0) {
		return nil, &wrong{want: "a number above 0"}
	}
	return f, nil
}

func count(c *checker, v *value) (any, *wrong) {
	c.limit("minimum", 1)
	n, err := strconv.Atoi(v.text)
	if v.kind != number || err != nil || n <= 0 {
		return nil, &wrong{want: "a whole number above 0"}
	}
	return n, nil
}

func status(c *checker, v *value) (any, *wrong) {
	c.limit("minimum", 100)
	c.limit("maximum", 599)
	n, err := strconv.Atoi(v.text)
	if v.kind != number || err != nil || n < 100 || n > 599 {
		return nil, &wrong{want: "a number from 100 to 599"}
	}
	return n, nil
}

func duration(_ *checker, v *value) (any, *wrong) {
	d, err := time.ParseDuration(v.text)
	if err != nil || d <= 0 {
		return nil, &wrong{want: "a duration such as 10s or 5m"}
	}
	return d, nil
}

func day(_ *checker, v *value) (any, *wrong) {
	t, err := time.Parse(time.DateOnly, v.text)
	if err != nil {
		return nil, &wrong{want: "a day such as 2027-01-31"}
	}
	return t, nil
}

func layer(c *checker, v *value) (any, *wrong) {
	c.limit("enum", probe.Layers())
	if l := probe.Layer(v.text); l.Valid() {
		return l, nil
	}
	var names []string
	for _, l := range probe.Layers() {
		names = append(names, string(l))
	}
	return nil, &wrong{want: oneOf(names, v.text)}
}

// enum allows some words, spelled exactly so.
func enum(words ...string) shape {
	return scalar(func(c *checker, v *value) (any, *wrong) {
		c.limit("enum", words)
		if slices.Contains(words, v.text) {
			return v.text, nil
		}
		return nil, &wrong{want: oneOf(words, v.text)}
	})
}

// authorization is API Gateway's authorizationType.
func authorization(c *checker, v *value) (any, *wrong) {
	types := []string{string(probe.AuthNone), string(probe.AuthIAM), string(probe.AuthCustom), string(probe.AuthCognito), string(probe.AuthJWT)}
	c.limit("enum", types)
	if !slices.Contains(types, v.text) {
		return nil, &wrong{want: oneOf(types, v.text)}
	}
	return probe.Authorization(v.text), nil
}
