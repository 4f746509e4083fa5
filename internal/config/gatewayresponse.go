package config

import (
	"slices"

	"apigwprobe/probe"
)

func responseType(c *checker, v *value) (any, *wrong) {
	c.limit("enum", probe.ResponseTypes())
	if names := probe.ResponseTypes(); !slices.Contains(names, v.text) {
		return nil, &wrong{want: "a type of gateway response: " + oneOf(names, v.text)}
	}
	return v.text, nil
}

func checkGatewayResponse(c *checker, n *node) {
	if n.field("status") == nil && n.field("body") == nil {
		c.wrong.add(n.at, `gateway response: got neither "status" nor "body", want what was customised`)
	}
}

func gatewayResponse(n *node) probe.GatewayResponse {
	return probe.GatewayResponse{Status: dataOf[int](n.field("status")), Body: dataOf[string](n.field("body"))}
}
