package doctor

import (
	"io"

	"apigwprobe/internal/report"
)

// Format writes a diagnosis.
type Format struct {
	Name  string
	Help  string // what it is for, in a few words
	Write func(io.Writer, Diagnosis, report.Options) error
	// WriteVerified writes a verification.
	WriteVerified func(io.Writer, Verification, report.Options) error
}

// Formats are all of them, the one for people first.
func Formats() []Format { return []Format{textFormat, jsonFormat, markdownFormat} }
