package config

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhere(t *testing.T) {
	file := load(t, `version: 1
apis:
  shared:
    region: eu-west-1
    routes:
      - request: GET /orders
        authorization: NONE
environments:
  prod:
    apis:
      - name: orders
        from: shared
        id: a1b2c3d4e5
        stage: prod
      - name: own
        region: eu-west-1
        id: a1b2c3d4e6
        stage: prod
        routes:
          - authorization: NONE
            request: ANY /orders/all
          - {request: GET /orders, authorization: NONE}
`)
	got := make(map[string]string)
	for _, of := range [][3]string{
		{"prod", "orders", "GET /orders"}, {"prod", "orders", "GET /else"},
		{"prod", "own", "ANY /orders/all"}, {"prod", "own", "GET /orders"}, {"prod", "own", ""},
		{"prod", "else", "GET /orders"}, {"else", "orders", "GET /orders"},
	} {
		path, line := file.Where(of[0], of[1], of[2])
		got[fmt.Sprintf("%s: %s: %s", of[0], of[1], of[2])] = fmt.Sprintf("%s:%d", path, line)
	}
	want := map[string]string{
		"prod: orders: GET /orders": "probe.yaml:6", "prod: orders: GET /else": "probe.yaml:11",
		"prod: own: ANY /orders/all": "probe.yaml:21", "prod: own: GET /orders": "probe.yaml:22", "prod: own: ": "probe.yaml:15",
		"prod: else: GET /orders": "probe.yaml:9", "else: orders: GET /orders": ":0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
