package config

import (
	"encoding/json"

	"apigwprobe/probe"
)

// denyAll is the session policy that makes an identity which may do nothing.
const denyAll = "deny-all"

// sessionPolicy is denyAll or a policy document.
func sessionPolicy(_ *checker, v *value) (any, *wrong) {
	var document map[string]any
	if v.text != denyAll && json.Unmarshal([]byte(v.text), &document) != nil {
		return nil, &wrong{want: "deny-all or a policy document in JSON"}
	}
	return v.text, nil
}

// checkPrincipal holds static keys and roles apart: whoever gives both has one too many in mind.
func checkPrincipal(c *checker, n *node) {
	has := func(name string) bool { return n.field(name) != nil }
	demand := func(name, needed string) {
		if has(name) && !has(needed) {
			c.wrong.add(n.field(name).at, "principal: got %q without %q, want both", name, needed)
		}
	}
	demand("access_key_id", "secret_access_key")
	demand("secret_access_key", "access_key_id")
	demand("session_token", "access_key_id")
	for _, name := range []string{"external_id", "session_name", "session_policy"} {
		demand(name, "role_arn")
	}
	for _, name := range []string{"profile", "role_arn"} {
		if has(name) && has("access_key_id") {
			c.wrong.add(n.field(name).at, "principal: got %q beside static keys, want one of them", name)
		}
	}
}

// principal constructs what a checked mapping describes.
func principal(name string, n *node) probe.Principal {
	text := func(key string) string { return dataOf[string](n.field(key)) }
	return probe.Principal{
		Name:            name,
		Profile:         text("profile"),
		Region:          text("region"),
		RoleARN:         text("role_arn"),
		ExternalID:      text("external_id"),
		SessionName:     text("session_name"),
		SessionPolicy:   text("session_policy"),
		AccessKeyID:     text("access_key_id"),
		SecretAccessKey: dataOf[*probe.Reference](n.field("secret_access_key")),
		SessionToken:    dataOf[*probe.Reference](n.field("session_token")),
	}
}
