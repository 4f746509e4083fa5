package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// matching allows what the whole of pattern matches.
func matching(pattern, want string) scalarFunc {
	re := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	return func(c *checker, v *value) (any, *wrong) {
		c.limit("pattern", "^(?:"+pattern+")$")
		if !re.MatchString(v.text) {
			return nil, &wrong{want: want}
		}
		return v.text, nil
	}
}

// The shapes of names. Ids of cases are made of names with "|" between them, so that it stands in none.
var (
	name        = matching(`[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, `letters, digits, ".", "_" and "-"`)
	region      = matching(`[a-z]{2}(-[a-z]+)+-\d{1,2}`, "a region such as eu-west-1")
	stage       = matching(`[A-Za-z0-9_-]{1,128}|\$default`, "a stage's name: letters, digits, \"_\" and \"-\"; or $default")
	apiID       = matching(`[a-z0-9]{1,63}`, "an API's id such as a1b2c3d4e5")
	roleARN     = matching(`arn:aws[a-z-]*:iam::\d{12}:role/\S+`, "a role's ARN such as arn:aws:iam::123456789012:role/probe")
	sessionName = matching(`[A-Za-z0-9_+=,.@-]{2,64}`, `2 to 64 letters, digits and any of "_+=,.@-"`)
	accessKeyID = matching(`[A-Z0-9_]{16,128}`, "an access key id: at least 16 capital letters and digits")
	topicARN    = matching(`arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?`, "a topic's ARN such as arn:aws:sns:eu-west-1:123456789012:alerts")
	variable    = matching(`[A-Za-z_][A-Za-z0-9_]*`, "the name of an environment variable")
)

// originName is what a browser sends as Origin, or "*".
var originName = matching(`\*|https?://[A-Za-z0-9.\-\[\]:]+`, `an origin such as https://app.example.com, or "*"`)

// anyName allows every key but the empty one.
func anyName(_ *checker, v *value) (any, *wrong) {
	if v.text == "" {
		return nil, &wrong{want: "a name"}
	}
	return v.text, nil
}

// plainText is one line of text.
func plainText(_ *checker, v *value) (any, *wrong) {
	if strings.TrimSpace(v.text) == "" || strings.ContainsFunc(v.text, unicode.IsControl) {
		return nil, &wrong{want: "one line of text"}
	}
	return v.text, nil
}

// wireText is sent as it is written, whatever its kind is to YAML.
func wireText(_ *checker, v *value) (any, *wrong) { return v.text, nil }

func principalName(c *checker, v *value) (any, *wrong) { return known(c.principals, v) }
func sharedName(c *checker, v *value) (any, *wrong)    { return known(c.shared, v) }

func scenarioName(c *checker, v *value) (any, *wrong) {
	if len(c.opts.Scenarios) == 0 { // whoever gives none does not want them compared
		return v.text, nil
	}
	c.limit("enum", c.opts.Scenarios)
	return known(c.opts.Scenarios, v)
}

func known(names []string, v *value) (any, *wrong) {
	if !slices.Contains(names, v.text) {
		return nil, &wrong{want: oneOf(names, v.text)}
	}
	return v.text, nil
}

// host is a host name as it is sent and signed.
func host(_ *checker, v *value) (any, *wrong) {
	const want = "a host name such as api.example.com"
	switch text := v.text; {
	case strings.Contains(text, "://"):
		return nil, &wrong{"a URL", want}
	case strings.ContainsAny(text, "/?#"):
		return nil, &wrong{"a path in the host name", want + "; what follows it is the base_path"}
	case strings.ContainsAny(text, "@:"):
		return nil, &wrong{"a port or a user in the host name", want + "; connect_to leads to other ports"}
	case strings.ToLower(text) != text:
		return nil, &wrong{"capital letters", want + ": signatures hold the host as it is sent"}
	case !hostPattern.MatchString(text) || len(text) > 253 || isAddress(text):
		return nil, &wrong{want: want}
	}
	return v.text, nil
}

var hostPattern = regexp.MustCompile(`\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+\z`)

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// hostOrAny is a key of connect_to.
func hostOrAny(c *checker, v *value) (any, *wrong) {
	if v.text == "*" {
		return v.text, nil
	}
	return host(c, v)
}

// hostPort is an address to dial.
func hostPort(_ *checker, v *value) (any, *wrong) {
	h, p, err := net.SplitHostPort(v.text)
	port, errPort := strconv.Atoi(p)
	if err != nil || errPort != nil || h == "" || port < 1 || port > 65535 || strings.ContainsAny(h, "/@ ") {
		return nil, &wrong{want: "host:port such as 127.0.0.1:8443"}
	}
	return v.text, nil
}

func proxy(_ *checker, v *value) (any, *wrong) {
	u, err := url.Parse(v.text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, &wrong{want: "a URL such as http://proxy.example.com:3128"}
	}
	return v.text, nil
}

// basePath stands between host and path; the empty one is the root mapping.
func basePath(_ *checker, v *value) (any, *wrong) {
	switch text := v.text; {
	case text == "":
		return "", nil
	case strings.HasPrefix(text, "/"), strings.HasSuffix(text, "/"):
		return nil, &wrong{want: "a base path without slashes at its ends"}
	case strings.Contains(text, "//"):
		return nil, &wrong{want: "a base path without empty segments"}
	case !basePathPattern.MatchString(text):
		return nil, &wrong{want: `a base path of letters, digits, "/" and any of "$-_.+!*'()"`}
	}
	return v.text, nil
}

var basePathPattern = regexp.MustCompile(`\A[A-Za-z0-9/$_.+!*'()-]+\z`)

// rootMapping is none, or the name of what the host's root leads to.
func rootMapping(c *checker, v *value) (any, *wrong) {
	if strings.EqualFold(v.text, "none") && v.text != "none" {
		return nil, &wrong{want: `"none", or the name of what the root of the host leads to`}
	}
	return name(c, v)
}

// path is a file's, relative to the file that names it.
func path(_ *checker, v *value) (any, *wrong) {
	if v.text == "" {
		return nil, &wrong{want: "the path of a file"}
	}
	if filepath.IsAbs(v.text) {
		return v.text, nil
	}
	return filepath.Join(filepath.Dir(v.at.file), v.text), nil
}

// absolutePath is a path that means the same to whoever opens the file later.
func absolutePath(c *checker, v *value) (any, *wrong) {
	joined, w := path(c, v)
	if w != nil {
		return nil, w
	}
	return absolute(joined.(string)), nil
}

// absolute leaves a path as it is where there is no working directory to start from.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
