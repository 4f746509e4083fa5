package probe

import (
	"regexp"
	"strings"
)

// Right is one call of AWS's APIs, and what it takes.
type Right struct {
	Call     string // service and operation: "apigateway GetStage"
	Action   string // as a policy names it; "": the call takes no right
	Resource string // ARN of what it is on, with {names}
	Shows    string // what cannot be known without it, with {names}
}

// Reads is a call that reads the management API of API Gateway. All of them take one right, on a path (developer guide,
// arn-format-reference).
func Reads(operation, path, shows string) Right {
	return Right{Call: "apigateway " + operation, Action: "apigateway:GET", Resource: "arn:{partition}:apigateway:{region}::" + path, Shows: shows}
}

// ReadsV2 is a call of the second version, whose rights are those of the first.
func ReadsV2(operation, path, shows string) Right {
	r := Reads(operation, path, shows)
	r.Call = "apigatewayv2 " + operation
	return r
}

// On is the ARN of what the call is on; names are pairs of a name and what it stands for. What has no name here is any.
func (r Right) On(region string, names ...string) string {
	return rightName.ReplaceAllString(bind(r.Resource, region, names), "*")
}

// In is the right in a region, on what names name; what has no name stays open.
func (r Right) In(region string, names ...string) Right {
	r.Resource, r.Shows = bind(r.Resource, region, names), bind(r.Shows, region, names)
	return r
}

// Without is what cannot be known without the right, with the same names.
func (r Right) Without(region string, names ...string) string { return bind(r.Shows, region, names) }

var rightName = regexp.MustCompile(`\{[a-z]+\}`)

// bind puts in what names stand for. A name that is given goes before what the region says.
func bind(text, region string, names []string) string {
	var pairs []string
	for i := 0; i+1 < len(names); i += 2 {
		pairs = append(pairs, "{"+names[i]+"}", names[i+1])
	}
	return strings.NewReplacer(append(pairs, "{partition}", Partition(region), "{region}", region)...).Replace(text)
}

// Partition is the part of AWS that a region belongs to, as ARNs name it.
func Partition(region string) string {
	for _, p := range [][2]string{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"},
		{"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
	} {
		if strings.HasPrefix(region, p[0]) {
			return p[1]
		}
	}
	return "aws"
}
