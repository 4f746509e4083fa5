package config

import (
	"path/filepath"

	"apigwprobe/probe"
)

const (
	referenceWant      = "{env: …}, {file: …}, {command: […]}, {ssm: …}, {secretsmanager: …} or {value: …}"
	tokenReferenceWant = "{env: …}, {file: …}, {command: […]}, {ssm: …}, {secretsmanager: …}, {oauth2: …} or {value: …}"
)

func checkReference(c *checker, n *node)      { checkSource(c, n, referenceWant) }
func checkTokenReference(c *checker, n *node) { checkSource(c, n, tokenReferenceWant) }

// checkSource makes of a mapping with exactly one source the reference to a secret. A reference that several
// routes share by an anchor stays one, so that it is resolved once.
func checkSource(c *checker, n *node, want string) {
	if r, ok := c.references[n.at]; ok {
		n.data = r
		return
	}
	r := &probe.Reference{
		Env:     dataOf[string](n.field("env")),
		File:    dataOf[string](n.field("file")),
		Command: dataOfAll[string](n.field("command")),
		Value:   probe.NewSecret(dataOf[string](n.field("value"))),
		Origin:  n.at.String(),

		SSM:            dataOf[string](n.field("ssm")),
		SecretsManager: dataOf[string](n.field("secretsmanager")),
		Region:         dataOf[string](n.field("region")),
	}
	sources := len(n.fields)
	for _, name := range []string{"region", "as"} {
		beside := n.field(name)
		if beside == nil {
			continue
		}
		sources--
		if n.field("ssm") == nil && n.field("secretsmanager") == nil {
			c.wrong.add(beside.at, "%q: got it beside another source, want it beside ssm or secretsmanager", name)
		}
	}
	if o := n.field("oauth2"); o != nil {
		r.OAuth2 = &probe.OAuth2{
			TokenURL: dataOf[string](o.field("token_url")), ClientID: dataOf[string](o.field("client_id")),
			ClientSecret: dataOf[*probe.Reference](o.field("client_secret")),
			Scopes:       dataOfAll[string](o.field("scopes")), Audience: dataOf[string](o.field("audience")),
		}
	}
	if r.Command != nil {
		r.Dir = absolute(filepath.Dir(n.at.file))
	}
	switch value := n.field("value"); {
	case sources != 1:
		c.wrong.add(n.at, "reference: got %d sources, want exactly one of %s", sources, want)
	case value != nil && value.data != nil && r.Value.Empty():
		c.wrong.add(value.at, `"value": got an empty string, want a secret`)
	}
	c.references[n.at] = r
	n.data = r
}
