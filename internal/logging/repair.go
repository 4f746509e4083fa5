package logging

import (
	"regexp"
	"strings"

	"apigwprobe/internal/capture"
	"apigwprobe/probe"
)

// Repair returns a format with what tells layers apart. It keeps what is there, for somebody may read its keys: it adds
// what is missing, gives a key that bears the name of another variable that variable, and takes credentials out. Where
// that does not suffice, it is our own format.
func Repair(kind probe.APIType, format string) string {
	if Explain(kind, format).Sufficient() {
		return format
	}
	repaired := strings.TrimSpace(strings.NewReplacer("\r", "", "\n", " ").Replace(format))
	if parsed, err := capture.ParseJSONLogFormat(repaired); err == nil {
		for _, k := range parsed.Keys() {
			if k.Named != "" {
				repaired = relabel(repaired, k)
			}
		}
	}
	repaired = apiKey.ReplaceAllString(repaired, "${0}Id")
	if body, ok := strings.CutSuffix(repaired, "}"); ok {
		for _, m := range Explain(kind, repaired).Missing {
			body += `,"` + m.Variable + `":"$context.` + m.Variable + `"`
		}
		repaired = body + "}"
	}
	if !Explain(kind, repaired).Sufficient() {
		return Format(kind)
	}
	return repaired
}

var apiKey = regexp.MustCompile(`\$context\.identity\.apiKey\b`)

// relabel has a key hold the variable whose name it bears.
func relabel(format string, k capture.LogKey) string {
	name := k.Path[strings.LastIndex(k.Path, ".")+1:]
	held := regexp.MustCompile(`("` + regexp.QuoteMeta(name) + `"\s*:\s*"?\$context\.)` + regexp.QuoteMeta(k.Variable) + `\b`)
	return held.ReplaceAllString(format, "${1}"+k.Named)
}

// lines are a format with a key on each, to show how two differ.
func lines(format string) string {
	if format == "" {
		return ""
	}
	return strings.ReplaceAll(format, `,"`, ",\n\"") + "\n"
}
