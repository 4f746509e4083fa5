package evidence

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTakers(t *testing.T) {
	type taken struct {
		Keys   []string
		Surely bool
	}
	rest := methods{"GET /orders": {}, "GET /orders/{id}": {}, "ANY /files/{path+}": {}, "POST /": {}}
	for _, c := range []struct {
		name       string
		of         methods
		verb, path string
		want       taken
	}{
		{"its own", rest, "GET", "/orders", taken{[]string{"GET /orders"}, true}},
		{"a parameter", rest, "GET", "/orders/42", taken{[]string{"GET /orders/{id}"}, true}},
		{"a dot in a parameter", rest, "GET", "/orders/a.json", taken{[]string{"GET /orders/{id}"}, true}},
		{"another method", rest, "POST", "/orders", taken{}},
		{"the root", rest, "POST", "/", taken{[]string{"POST /"}, true}},
		{"nothing", rest, "GET", "/order", taken{}},
		{"too long", rest, "GET", "/orders/42/lines", taken{}},
		{"greedy", rest, "DELETE", "/files/a/b", taken{[]string{"ANY /files/{path+}"}, true}},
		{"greedy of nothing", rest, "GET", "/files", taken{[]string{"ANY /files/{path+}"}, false}},
		{"a slash behind", rest, "GET", "/orders/", taken{[]string{"GET /orders"}, false}},
		{"two slashes", rest, "GET", "//orders", taken{[]string{"GET /orders"}, false}},
		{"another case", rest, "GET", "/Orders", taken{[]string{"GET /orders"}, false}},
		{"encoded", rest, "GET", "/%6frders", taken{[]string{"GET /orders"}, false}},
		{"an encoded slash", rest, "GET", "/orders/a%2Fb", taken{[]string{"GET /orders/{id}"}, false}},
		{"an encoded slash between", rest, "GET", "/orders%2Fa", taken{[]string{"GET /orders/{id}"}, false}},
		{"the head of what can be got", rest, "HEAD", "/orders", taken{[]string{"GET /orders"}, false}},
		{"several", methods{"GET /a/{b}": {}, "ANY /{all+}": {}}, "GET", "/a/b", taken{[]string{"ANY /{all+}", "GET /a/{b}"}, true}},
		{"a catch-all", methods{"GET /a": {}, "$default": {}}, "GET", "//..", taken{[]string{"$default"}, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, surely := c.of.takers(c.verb, c.path)
			if diff := cmp.Diff(c.want, taken{keys, surely}); diff != "" {
				t.Errorf("takers of %s %s (-want +got):\n%s", c.verb, c.path, diff)
			}
		})
	}
}
