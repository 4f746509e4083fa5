package config

import "strings"

// join makes one document of the files' documents. A word of the top level that holds names (principals, apis,
// environments) or settings (defaults) is merged; what stands in two files is a mistake, because no reader could tell
// which of them holds.
func join(documents []*value, wrong *notes) *value {
	if len(documents) == 1 {
		return documents[0]
	}
	whole := &value{kind: mapping, at: documents[0].at}
	for _, d := range documents {
		if d.kind != mapping {
			wrong.add(d.at, "got %s, want a mapping", d.kind)
			continue
		}
		for _, f := range d.fields {
			joinField(whole, f, wrong)
		}
	}
	return whole
}

func joinField(whole *value, f field, wrong *notes) {
	if strings.HasPrefix(f.name, ignoredPrefix) {
		return
	}
	have := whole.field(f.name)
	switch {
	case have == nil:
		copied := *f.value // the files' own values stay as they are
		copied.fields = append([]field(nil), f.value.fields...)
		whole.fields = append(whole.fields, field{f.name, f.at, &copied})
	case have.kind == mapping && f.value.kind == mapping:
		for _, inner := range f.value.fields {
			if i := have.index(inner.name); i >= 0 {
				wrong.add(inner.at, "got the key of %s again, want it once in all files", have.fields[i].at)
				continue
			}
			have.fields = append(have.fields, inner)
		}
	case f.name == "version" && have.text == f.value.text: // each file may say what it is written for
	default:
		wrong.add(f.at, "got the key of %s again, want it once in all files", have.at)
	}
}
