package doctor

import (
	"io"

	"apigwprobe/internal/report"
)

var jsonFormat = Format{
	Name: "json", Help: "the whole diagnosis, for programs",
	Write:         func(w io.Writer, d Diagnosis, _ report.Options) error { return report.WriteJSON(w, d) },
	WriteVerified: func(w io.Writer, v Verification, _ report.Options) error { return report.WriteJSON(w, v) },
}
