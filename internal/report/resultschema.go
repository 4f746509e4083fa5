package report

import _ "embed"

// ResultSchema is the JSON Schema of the document of --format json; $defs/Result is that of a line of jsonl. It is made
// of the structs that are written and of their comments, by go test -run ResultSchema -update.
//
//go:embed schema/result.json
var ResultSchema []byte
