package sandbox_test

import (
	"fmt"
	"net/http/httptest"

	"apigwprobe/internal/sandbox"
)

// A posture is a model; the truth says what became of each request to it.
func ExampleNew() {
	g, err := sandbox.New(sandbox.Model{
		APIs: []sandbox.API{{
			ID: "a1b2c3d4e5", Account: "111122223333", Region: "eu-west-1",
			Stages: []sandbox.Stage{{Name: "prod", WebACL: []sandbox.WAFRule{{Match: sandbox.WAFHeaderAbsent, Header: "User-Agent"}}}},
			Routes: []sandbox.Route{{Method: "GET", Path: "/orders/{id}", Authorization: sandbox.IAM}},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, agent := range []string{"", "probe/1"} {
		r := httptest.NewRequest("GET", "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders/42", nil)
		r.Header.Set("User-Agent", agent)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		truth, _ := g.Truth(w.Header().Get("x-amzn-RequestId"))
		fmt.Println(w.Code, w.Body, truth.Layer, truth.Cause)
	}
	// Output:
	// 403 {"message":"Forbidden"} waf waf-blocked
	// 403 {"message":"Missing Authentication Token"} iam-authentication unsigned-to-iam
}
