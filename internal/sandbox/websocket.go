package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// webSocketPipeline is the order in which a WebSocket API looks at the handshake.
// Authorization happens here and never again: the frames that follow are only
// routed.
func webSocketPipeline(s Switches) []layer {
	return throttling(s, []layer{
		{"stage", checkStage},
		{"route", checkConnect},
	}, []layer{
		{"iam-authentication", only(checkSignature, IAM)},
		{"iam-authorization", only(checkIAMAuthorization, IAM)},
		{"lambda-authorizer", only(checkLambdaAuthorizer, Custom)},
		{"api-key", checkAPIKey},
		{"usage-plan", checkUsagePlan},
	})
}

const (
	connectRoute = "$connect"
	idle         = 10 * time.Minute // the service's limits
	maxFrame     = 128 << 10
)

// checkConnect takes a handshake to the route $connect. An API without one lets
// everybody in.
func checkConnect(x *exchange) *refusal {
	x.method, x.routes = x.r.Method, x.api.Routes
	if x.route = x.api.routeKey(connectRoute); x.route == nil {
		x.route = &Route{Path: connectRoute, Authorization: None}
	}
	switch {
	case strings.Trim(x.resource, "/") != "":
		return &refusal{cause: "no-such-resource", kind: unrouted, message: "Forbidden"}
	case upgrades(x.r):
		return nil
	case x.model.Switches.PlainRequestMustUpgrade:
		return &refusal{cause: "websocket-not-upgraded", kind: mustUpgrade, message: "Upgrade Required"}
	}
	return &refusal{cause: "websocket-not-upgraded", kind: unrouted, message: "Forbidden"}
}

// upgrades tells whether the request is a handshake.
func upgrades(r *http.Request) bool {
	has := func(header, word string) bool {
		for part := range strings.SplitSeq(strings.Join(r.Header.Values(header), ","), ",") {
			if strings.EqualFold(strings.TrimSpace(part), word) {
				return true
			}
		}
		return false
	}
	return r.Method == http.MethodGet && has("Connection", "upgrade") && has("Upgrade", "websocket") &&
		r.Header.Get("Sec-WebSocket-Version") == "13" && r.Header.Get("Sec-WebSocket-Key") != ""
}

// connected is the answer to a handshake that all have let pass: the integration
// of $connect as well, whose status would else be the handshake's.
func (x *exchange) connected() *response {
	return x.signed(&response{status: http.StatusSwitchingProtocols, header: map[string]string{}, talk: x.talk})
}

// talk answers frames until the client leaves or the server closes.
func (x *exchange) talk(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the service lets every origin in
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }() // the handshake is over, whatever this says
	conn.SetReadLimit(maxFrame)
	id := x.ids.extended()
	for x.answerFrame(r.Context(), conn, id) == nil {
	}
}

func (x *exchange) answerFrame(ctx context.Context, conn *websocket.Conn, id string) error {
	ctx, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	_, data, err := conn.Read(ctx)
	if err != nil {
		return err
	}
	if reply := x.frame(id, data); len(reply) > 0 {
		return conn.Write(ctx, websocket.MessageText, reply)
	}
	return nil
}

// frame routes one frame and returns what is sent back. A route answers with its
// backend's body if the model gives one; an application's own error makes no
// frame at all.
func (x *exchange) frame(connection string, data []byte) []byte {
	t := Truth{RequestID: x.ids.extended(), Method: "MESSAGE", Host: x.r.Host, Path: x.path, Layer: "none", Cause: "accepted"}
	defer func() { x.log.add(t) }()
	refuse := func(layer, cause, message string) []byte {
		t.Layer, t.Cause = layer, cause
		return fmt.Appendf(nil, `{"message": %q, "connectionId":%q, "requestId":%q}`, message, connection, t.RequestID)
	}
	route := x.api.frameRoute(data)
	if route == nil && x.draft != nil && x.draft.frameRoute(data) != nil {
		return refuse("stage", "not-deployed", "Forbidden")
	}
	if route == nil {
		return refuse("route", "websocket-no-route", "Forbidden")
	}
	answer, failed := backends[route.Backend.Kind](x, &route.Backend)
	if failed != nil {
		return refuse("integration", failed.cause, "Internal server error")
	}
	if answer.status >= http.StatusBadRequest {
		t.Layer, t.Cause = "backend", backendCause(answer.status)
		return nil
	}
	return []byte(route.Backend.Body)
}

// frameRoute selects by the field action of a JSON frame, and $default takes the
// rest.
func (a *API) frameRoute(data []byte) *Route {
	var body struct{ Action string }
	if json.Unmarshal(data, &body) == nil && body.Action != "" && !strings.HasPrefix(body.Action, "$") {
		if r := a.routeKey(body.Action); r != nil {
			return r
		}
	}
	return a.routeKey(defaultRoute)
}
