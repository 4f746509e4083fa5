package sandbox

import (
	"net/http"
	"strings"
)

// snsService publishes to topics that are all there, and nobody listens.
func snsService() *controlService {
	topic := func(c *call) string { return c.form.Get("TopicArn") }
	return &controlService{
		name: "sns", wire: awsQuery, denied: "AuthorizationError", throttled: "Throttled",
		operations: []operation{
			{name: "Publish", action: "sns:Publish", on: topic, answer: publish},
		},
	}
}

func publish(c *call) (any, error) {
	if !strings.HasPrefix(c.form.Get("TopicArn"), c.arn("sns", "")) {
		return nil, &failure{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: TopicArn"}
	}
	return fields{{"MessageId", c.id}}, nil
}
